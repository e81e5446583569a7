"""Two ways to one score: a fixed formula over the sources, and trees that learned what to make of them."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from shoplab.recommend.data.arrays import Floats
from shoplab.recommend.ranking.candidates import Candidates
from shoplab.recommend.ranking.features import Columns
from shoplab.recommend.ranking.trees import Trees
from shoplab.recommend.sources import Source
from shoplab.recommend.sources.popularity import Popularity
from shoplab.recommend.sources.segment_popularity import SegmentPopularity

FIXED, LEARNED = "fixed blend", "learned blend"
DISCOVERY = "discovery blend"  # a learned one for those products alone that a case has not met
_POPULARITIES = (SegmentPopularity.name, Popularity.name)
_STEP = 0.2
_LATENT = (0.0, 0.1, 0.25, 0.5)


class Blend(Protocol):
    def scores(self, candidates: Candidates) -> NDArray[np.float64]:
        """Per candidate, in [0, 1]."""
        ...

    def parts(self, candidates: Candidates) -> Floats:
        """Per candidate what each source adds to the score, none below 0, shape (pairs, sources)."""
        ...


@dataclass(frozen=True)
class FixedBlend:
    """score = alpha * collaborative + beta * content + gamma * segment. Each source is divided by its largest value
    among the case's candidates. Within a group sources count by their weights; those that are tuned take `latent` of
    their group together, the others the rest.
    """

    alpha: float = 0.5
    beta: float = 0.3
    gamma: float = 0.2
    latent: float = 0.25

    def scores(self, candidates: Candidates) -> NDArray[np.float64]:
        total: NDArray[np.float64] = self.parts(candidates).sum(axis=1).astype(np.float64)
        return total

    def parts(self, candidates: Candidates) -> Floats:
        return candidates.scaled() * self.weights(candidates.columns)

    def weights(self, columns: Columns) -> Floats:
        weights = [self._weight(source, columns) + source.floor for source in columns.sources]
        return np.array(weights, dtype=np.float32) / (1 + sum(source.floor for source in columns.sources))

    def _weight(self, source: type[Source], columns: Columns) -> float:
        of_group = {"collaborative": self.alpha, "content": self.beta, "segment": self.gamma}[source.group]
        group = [one for one in columns.sources if one.group == source.group]
        alike = sum(one.weight for one in group if one.tuned == source.tuned)
        if any(one.tuned for one in group):
            of_group *= self.latent if source.tuned else 1 - self.latent
        return of_group * source.weight / alike if alike else 0.0


def tuned(worth: Callable[[FixedBlend], float]) -> FixedBlend:
    """The weights that are worth most: first `latent`, then alpha + beta + gamma = 1 in steps of 0.2."""
    latent = max(_LATENT, key=lambda part: worth(FixedBlend(latent=part)))
    steps = np.arange(0, 1 + _STEP / 2, _STEP).round(1).tolist()
    pairs = [(a, b) for a, b in product(steps, steps) if a + b <= 1 + 1e-9]
    grid = (FixedBlend(a, b, round(1 - a - b, 1), latent) for a, b in pairs)
    return max([FixedBlend(latent=latent), *grid], key=worth)


@dataclass(frozen=True)
class LearnedBlend:
    """score: the probability that the trees give. A source's part is its share of what the log-odds would lose without
    it. Where a case has no events, nothing tells it from others: its score is the mean of both popularities.
    """

    trees: Trees

    def scores(self, candidates: Candidates) -> NDArray[np.float64]:
        return _probabilities(candidates, self.trees.log_odds(candidates.features))

    def parts(self, candidates: Candidates) -> Floats:
        odds, lost = self._odds_and_lost(candidates.features, candidates.columns)
        listed = candidates.scaled() > 0
        listed_share = listed / np.maximum(listed.sum(axis=1, keepdims=True), 1)
        total = lost.sum(axis=1, keepdims=True)
        share = np.where(total > 0, lost / np.where(total > 0, total, 1), listed_share)
        parts: Floats = (share * _probabilities(candidates, odds)[:, None]).astype(np.float32)
        return parts

    def _odds_and_lost(self, features: Floats, columns: Columns) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Log-odds, and what they lose without each source; asked at once: calls are what takes time."""
        muted = np.stack([features] * (1 + len(columns.sources)))
        for place, source in enumerate(columns.sources, start=1):
            muted[place][:, columns.of(source.name)] = 0
        odds = self.trees.log_odds(muted.reshape(-1, features.shape[1])).reshape(len(muted), -1)
        return odds[0], np.maximum(odds[0] - odds[1:], 0).T


def _probabilities(candidates: Candidates, odds: NDArray[np.float64]) -> NDArray[np.float64]:
    named = [source.name in _POPULARITIES for source in candidates.columns.sources]
    popular = candidates.scaled()[:, named].mean(axis=1)
    found: NDArray[np.float64] = np.where(candidates.with_events(), expit(odds), popular).astype(np.float64)
    return found
