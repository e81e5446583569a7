"""A trained ranking: sources, blends, and the lists they make.

The verbs: a blend scores candidates, `order` sorts a case's candidates by score into a list, `rankings` and `recommend`
give the lists of many cases.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import Bools, Floats, Ints
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.ranking.blend import DISCOVERY, FIXED, LEARNED, Blend, FixedBlend, LearnedBlend
from shoplab.recommend.ranking.candidates import Candidates, Finder, beyond, top_lists
from shoplab.recommend.ranking.trees import Trees
from shoplab.recommend.sources.popularity import Popularity

SPREAD = "spread blend"  # the default one with MOST_OF_CATEGORY, to see what variety costs
MOST_OF_CATEGORY = 5
_SEED = 7


@dataclass(frozen=True)
class TrainingSample:
    """Candidates the trees learn from, rows as in Candidates.features. hit: whether each was met next. new: whether the
    case had not met it, and met such a one next.
    """

    features: Floats
    hit: Bools
    weights: NDArray[np.float64]
    new: Bools

    def take(self, rows: Bools) -> "TrainingSample":
        return TrainingSample(self.features[rows], self.hit[rows], self.weights[rows], self.new[rows])


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

    discovery: learned from products that its cases had not met. validation_of_new: NDCG@20 of every blend's lists
    without what was met, on those cases of the holdout that met something new next.
    """

    finder: Finder
    fixed: FixedBlend
    learned: LearnedBlend | None
    validation: dict[str, float]
    holdout: Holdout | None = None
    sample: TrainingSample | None = None
    left_out: str | None = None
    most_of_category: int = 0
    discovery: LearnedBlend | None = None
    validation_of_new: dict[str, float] = field(default_factory=dict)

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
    def default_for_new(self) -> str:
        """The one that did better where only products not met before are asked for."""
        found = self.validation_of_new
        better = self.discovery and found.get(DISCOVERY, 0.0) >= found.get(self.default, 0.0)
        return DISCOVERY if better else self.default

    @property
    def blend(self) -> Blend:
        return self.learned if self.learned and self.default == LEARNED else self.fixed

    def blend_for(self, new: bool) -> Blend:
        """The one that answers. new: where only products not met before are asked for."""
        return self.discovery if new and self.discovery and self.default_for_new == DISCOVERY else self.blend

    def blends(self) -> dict[str, Blend]:
        return {FIXED: self.fixed} | ({LEARNED: self.learned} if self.learned else {})

    def rankings(self, histories: Histories, top: int, sources: bool = True) -> dict[str, Ints]:
        """Name of each source and blend -> products, best first, shape (cases, top), UNKNOWN for no more. DISCOVERY: of
        products not met before, by the blend that answers there.
        """
        found: dict[str, list[Ints]] = {}
        for part, candidates in self.finder.chunks(histories, self.left_out):
            ranked = self._rankings(candidates, len(part), top, sources)
            if sources or self.discovery:
                ranked[DISCOVERY] = self.order(candidates.new_to(part), len(part), top, new=True)[0]
            for name, lists in ranked.items():
                found.setdefault(name, []).append(lists)
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def _rankings(self, candidates: Candidates, cases: int, top: int, sources: bool) -> dict[str, Ints]:
        scores = {name: blend.scores(candidates) for name, blend in self.blends().items()}
        found = {name: top_lists(candidates, values, cases, top)[0] for name, values in scores.items()}
        if sources:
            found |= {name: top_lists(candidates, _alone(candidates, name), cases, top)[0] for name in self.names}
            found[SPREAD] = self._order(candidates, scores[self.default], cases, top, MOST_OF_CATEGORY)[0]
        return found

    def recommend(self, histories: Histories, top: int, new: bool = False) -> tuple[Ints, Floats]:
        """Lists and scores of the blend that answers, each of shape (cases, top). new: of products not met before."""
        parts = [
            self.order(candidates.new_to(part) if new else candidates, len(part), top, new)
            for part, candidates in self.finder.chunks(histories, self.left_out)
        ]
        lists, scores = zip(*parts, strict=True) if parts else ([np.empty((0, top), np.int64)], [np.empty((0, top))])
        return np.concatenate(lists), np.concatenate(scores)

    def order(self, candidates: Candidates, cases: int, top: int, new: bool = False) -> tuple[Ints, Floats]:
        """Items and scores of the blend that answers, as `top_lists`. new: no candidate was met before."""
        return self._order(candidates, self.blend_for(new).scores(candidates), cases, top, self.most_of_category)

    def _order(
        self, candidates: Candidates, scores: NDArray[np.float64], cases: int, top: int, most: int
    ) -> tuple[Ints, Floats]:
        categories = self.finder.products.known_categories
        last = beyond(candidates.owners, categories[candidates.items], scores, most) if most else None
        return top_lists(candidates, scores, cases, top, last)

    def without(self, source: str) -> "Ranker":
        """The same with the trees learned anew as if there were no such source; without a discovery blend."""
        if self.sample is None:
            return replace(self, left_out=source, discovery=None)
        columns = self.finder.columns
        features = self.sample.features.copy()
        features[:, columns.of(source)] = 0
        kept = (features[:, columns.listed] != 0).any(axis=1)
        learned = learn(replace(self.sample, features=features).take(kept), _SEED)
        return replace(self, learned=learned, left_out=source, discovery=None)


def learn(sample: TrainingSample, seed: int, share: float = 1.0) -> LearnedBlend:
    """The blend of the trees that fit the sample. share: as in Trees.fit."""
    return LearnedBlend(Trees.fit(sample.features, sample.hit, sample.weights, seed, share))


def _alone(candidates: Candidates, source: str) -> NDArray[np.float64]:
    """Scores of a source by itself: it shows what it found, and behind it what is popular."""
    scaled = candidates.scaled().astype(np.float64)
    own, popular = (scaled[:, candidates.columns.place(name)] for name in (source, Popularity.name))
    found: NDArray[np.float64] = np.where(own > 0, 1 + own, popular)
    return found
