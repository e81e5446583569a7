"""A trained ranking: sources, blends, and the lists they make.

The verbs: a blend scores candidates, `order` sorts a case's candidates by score into a list, `rankings` and `recommend`
give the lists of many cases.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import Bools, Floats, Ints
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.ranking.blend import FIXED, LEARNED, Blend, FixedBlend, LearnedBlend
from shoplab.recommend.ranking.candidates import CHUNK, Candidates, Finder, beyond, top_lists
from shoplab.recommend.ranking.trees import Trees
from shoplab.recommend.sources.popularity import Popularity

SPREAD = "spread blend"  # the default one with MOST_OF_CATEGORY, to see what variety costs
MOST_OF_CATEGORY = 5
_SEED = 7


@dataclass(frozen=True)
class TrainingSample:
    """Candidates the trees learn from, rows as in Candidates.features. hit: whether each was met next."""

    features: Floats
    hit: Bools
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class Holdout:
    """Cases kept from learning: what is measured on them can be compared with another model's.

    times: unix seconds of what was met next; values: NDCG@20 of the default blend; user_ids: of histories.known.
    """

    histories: Histories
    targets: csr_matrix
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    user_ids: tuple[str, ...]


@dataclass(frozen=True)
class Ranker:
    """Sources fitted on the whole log, and the blends. validation: NDCG@20 of every blend on the holdout.
    most_of_category: products of one category in a list, before all others have had their turn; 0: no limit.
    """

    finder: Finder
    fixed: FixedBlend
    learned: LearnedBlend | None
    validation: dict[str, float]
    holdout: Holdout | None = None
    sample: TrainingSample | None = None
    left_out: str | None = None
    most_of_category: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Of the sources that take part."""
        return tuple(name for name in self.finder.names if name != self.left_out)

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

    def rankings(self, histories: Histories, top: int, sources: bool = True) -> dict[str, Ints]:
        """Name of each source and blend -> products, best first, shape (cases, top), UNKNOWN for no more."""
        found: dict[str, list[Ints]] = {}
        for first, candidates in self.finder.chunks(histories, self.left_out):
            cases = min(CHUNK, len(histories) - first)
            for name, lists in self._rankings(candidates, cases, top, sources).items():
                found.setdefault(name, []).append(lists)
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def _rankings(self, candidates: Candidates, cases: int, top: int, sources: bool) -> dict[str, Ints]:
        scores = {name: blend.scores(candidates) for name, blend in self.blends().items()}
        found = {name: top_lists(candidates, values, cases, top)[0] for name, values in scores.items()}
        if sources:
            found |= {name: top_lists(candidates, _alone(candidates, name), cases, top)[0] for name in self.names}
            found[SPREAD] = self._order(candidates, scores[self.default], cases, top, MOST_OF_CATEGORY)[0]
        return found

    def recommend(self, histories: Histories, top: int) -> tuple[Ints, Floats]:
        """Lists and scores of the default blend, each of shape (cases, top)."""
        parts = [
            self.order(candidates, min(CHUNK, len(histories) - first), top)
            for first, candidates in self.finder.chunks(histories, self.left_out)
        ]
        lists, scores = zip(*parts, strict=True) if parts else ([np.empty((0, top), np.int64)], [np.empty((0, top))])
        return np.concatenate(lists), np.concatenate(scores)

    def order(self, candidates: Candidates, cases: int, top: int) -> tuple[Ints, Floats]:
        """Items and scores of the default blend, as `top_lists`."""
        return self._order(candidates, self.blend.scores(candidates), cases, top, self.most_of_category)

    def _order(
        self, candidates: Candidates, scores: NDArray[np.float64], cases: int, top: int, most: int
    ) -> tuple[Ints, Floats]:
        categories = self.finder.products.known_categories
        last = beyond(candidates.owners, categories[candidates.items], scores, most) if most else None
        return top_lists(candidates, scores, cases, top, last)

    def without(self, source: str) -> "Ranker":
        """The same with the trees learned anew as if there were no such source."""
        if self.sample is None:
            return replace(self, left_out=source)
        columns = self.finder.columns
        features = self.sample.features.copy()
        features[:, columns.of(source)] = 0
        kept = (features[:, columns.listed] != 0).any(axis=1)
        trees = Trees.fit(features[kept], self.sample.hit[kept], self.sample.weights[kept], _SEED)
        return replace(self, learned=LearnedBlend(trees), left_out=source)


def _alone(candidates: Candidates, source: str) -> NDArray[np.float64]:
    """Scores of a source by itself: it shows what it found, and behind it what is popular."""
    scaled = candidates.scaled().astype(np.float64)
    own, popular = (scaled[:, candidates.columns.place(name)] for name in (source, Popularity.name))
    found: NDArray[np.float64] = np.where(own > 0, 1 + own, popular)
    return found
