"""A trained hybrid: sources, blends, and the lists they make."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.blend import FIXED, LEARNED, Blend, Fixed, Learned
from shoplab.recommend.candidates import CHUNK, NAMES, OWNER_OF_COLUMN, Candidates, Finder, beyond, top_lists
from shoplab.recommend.histories import Histories
from shoplab.recommend.log import Ints
from shoplab.recommend.sources.base import Floats
from shoplab.recommend.trees import Trees

SPREAD = "spread blend"  # the default one with MOST_OF_CATEGORY, to see what variety costs
MOST_OF_CATEGORY = 5


@dataclass(frozen=True)
class Sample:
    """Candidates the trees learn from, rows as in Candidates.seen."""

    seen: Floats
    hit: NDArray[np.bool_]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class Checks:
    """Cases kept from learning: what is measured on them can be compared with another model's.

    times: unix seconds of what was met next; values: NDCG@20 of the default blend; user_ids: of histories.known.
    """

    histories: Histories
    targets: csr_matrix
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    user_ids: tuple[str, ...]


@dataclass(frozen=True)
class Trained:
    """Sources fitted on the whole log, and the blends. validation: NDCG@20 of every blend on the checked cases.
    most_of_category: products of one category in a list, before all others have had their turn; 0: no limit.
    """

    finder: Finder
    fixed: Fixed
    learned: Learned | None
    validation: dict[str, float]
    checks: "Checks | None" = None
    sample: Sample | None = None
    left_out: str | None = None
    most_of_category: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in NAMES if name != self.left_out)

    @property
    def default(self) -> str:
        """The blend that did better on validation."""
        better = self.learned and self.validation.get(LEARNED, 0.0) >= self.validation.get(FIXED, 0.0)
        return LEARNED if better else FIXED

    @property
    def blend(self) -> Blend:
        return self.learned if self.learned and self.default == LEARNED else self.fixed

    def blends(self) -> dict[str, Blend]:
        return {FIXED: self.fixed} | ({LEARNED: self.learned} if self.learned else {})

    def rank(self, histories: Histories, top: int, sources: bool = True) -> dict[str, Ints]:
        """Name of each source and blend -> products, best first, shape (cases, top), UNKNOWN for no more."""
        found: dict[str, list[Ints]] = {}
        for first, candidates in self.finder.chunks(histories, self.left_out):
            cases = min(CHUNK, len(histories) - first)
            scores = {name: blend.scores(candidates) for name, blend in self.blends().items()}
            if sources:
                scores |= {name: found for name, found in _alone(candidates).items() if name in self.names}
            for name, values in scores.items():
                found.setdefault(name, []).append(_lists(candidates, values, cases, top, name in NAMES)[0])
            if sources:
                spread, _ = self._ordered(candidates, scores[self.default], cases, top, MOST_OF_CATEGORY)
                found.setdefault(SPREAD, []).append(spread)
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def ranked(self, histories: Histories, top: int) -> tuple[Ints, Floats]:
        """Lists and scores of the default blend, each of shape (cases, top)."""
        parts = [
            self.ordered(c, min(CHUNK, len(histories) - first), top)
            for first, c in self.finder.chunks(histories, self.left_out)
        ]
        lists, scores = zip(*parts, strict=True) if parts else ([np.empty((0, top), np.int64)], [np.empty((0, top))])
        return np.concatenate(lists), np.concatenate(scores)

    def ordered(self, candidates: Candidates, cases: int, top: int) -> tuple[Ints, Floats]:
        """Items and scores of the default blend, as `top_lists`."""
        return self._ordered(candidates, self.blend.scores(candidates), cases, top, self.most_of_category)

    def _ordered(
        self, c: Candidates, scores: NDArray[np.float64], cases: int, top: int, most: int
    ) -> tuple[Ints, Floats]:
        categories = self.finder.catalogue.known_categories
        last = beyond(c.owners, categories[c.items], scores, most) if most else None
        return top_lists(c.owners, c.items, scores, cases, top, last)

    def without(self, source: str) -> "Trained":
        """The same with the trees learned anew as if there were no such source."""
        if self.sample is None:
            return replace(self, left_out=source)
        silent = np.array([owner == source for owner in OWNER_OF_COLUMN])
        seen = self.sample.seen.copy()
        seen[:, silent] = 0
        kept = (seen[:, : 3 * len(NAMES)] != 0).any(axis=1)
        trees = Trees.fit(seen[kept], self.sample.hit[kept], self.sample.weights[kept], 7)
        return replace(self, learned=Learned(trees), left_out=source)


def _alone(candidates: Candidates) -> dict[str, NDArray[np.float64]]:
    """Score of every source by itself."""
    scaled = candidates.scaled().astype(np.float64)
    return {name: scaled[:, column] for column, name in enumerate(NAMES)}


def _lists(
    candidates: Candidates, scores: NDArray[np.float64], cases: int, top: int, silent: bool
) -> tuple[Ints, Floats]:
    """`silent`: a source by itself shows only what it found, and behind it what is popular."""
    if silent:
        popular = candidates.scaled()[:, NAMES.index("popularity")].astype(np.float64)
        scores = np.where(scores > 0, 1 + scores, popular)
    return top_lists(candidates.owners, candidates.items, scores, cases, top)
