"""Two ways to one score: a fixed formula over the sources, and trees that learned what to make of them."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from shoplab.recommend.candidates import NAMES, OWNER_OF_COLUMN, Candidates
from shoplab.recommend.sources.base import Floats
from shoplab.recommend.trees import Trees

FIXED, LEARNED = "fixed blend", "learned blend"
COLLABORATIVE = ("recent", "covisits", "neighbours", "als")
_POPULARITIES = ("segment popularity", "popularity")
_STEP = 0.2
_LATENT = (0.0, 0.1, 0.25, 0.5)
_TIE = 1e-3  # of popularity: what no part tells apart


class Blend(Protocol):
    def scores(self, candidates: Candidates) -> NDArray[np.float64]:
        """Per candidate, in [0, 1]."""
        ...

    def parts(self, candidates: Candidates) -> Floats:
        """Per candidate what each of NAMES adds to the score, none below 0, shape (pairs, sources)."""
        ...


@dataclass(frozen=True)
class Fixed:
    """score = alpha * collaborative + beta * content + gamma * segment. Each source is divided by its largest value
    among the case's candidates; collaborative is `latent` of ALS and the rest in equal parts of recent, covisits and
    neighbours.
    """

    alpha: float = 0.5
    beta: float = 0.3
    gamma: float = 0.2
    latent: float = 0.25

    def scores(self, candidates: Candidates) -> NDArray[np.float64]:
        total: NDArray[np.float64] = self.parts(candidates).sum(axis=1).astype(np.float64)
        return total

    def parts(self, candidates: Candidates) -> Floats:
        return candidates.scaled() * self._weights()

    def _weights(self) -> Floats:
        visits = self.alpha * (1 - self.latent) / (len(COLLABORATIVE) - 1)
        of = dict.fromkeys(COLLABORATIVE, visits) | {"als": self.alpha * self.latent}
        of |= {"content": self.beta, "segment popularity": self.gamma, "popularity": _TIE}
        return np.array([of[name] for name in NAMES], dtype=np.float32) / (1 + _TIE)


def tuned(worth: Callable[[Fixed], float]) -> Fixed:
    """The weights that are worth most: first ALS's part, then alpha + beta + gamma = 1 in steps of 0.2."""
    latent = max(_LATENT, key=lambda part: worth(Fixed(latent=part)))
    steps = np.arange(0, 1 + _STEP / 2, _STEP).round(1).tolist()
    pairs = [(a, b) for a, b in product(steps, steps) if a + b <= 1 + 1e-9]
    return max([Fixed(latent=latent), *(Fixed(a, b, round(1 - a - b, 1), latent) for a, b in pairs)], key=worth)


@dataclass(frozen=True)
class Learned:
    """score: the probability that the trees give. A source's part is its share of what the log-odds would lose if it
    were silent. Where a case has no events, nothing tells it from others: its score is the mean of both popularities.
    """

    trees: Trees

    def scores(self, candidates: Candidates) -> NDArray[np.float64]:
        return _probabilities(candidates, self.trees.log_odds(candidates.seen))

    def parts(self, candidates: Candidates) -> Floats:
        odds, lost = self._odds_and_lost(candidates.seen)
        listed = candidates.scaled() > 0
        listed_share = listed / np.maximum(listed.sum(axis=1, keepdims=True), 1)
        total = lost.sum(axis=1, keepdims=True)
        share = np.where(total > 0, lost / np.where(total > 0, total, 1), listed_share)
        parts: Floats = (share * _probabilities(candidates, odds)[:, None]).astype(np.float32)
        return parts

    def _odds_and_lost(self, seen: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Log-odds, and what they lose without each of NAMES; asked at once: calls are what takes time."""
        silenced = np.stack([seen] * (1 + len(NAMES)))
        for place, name in enumerate(NAMES, start=1):
            silenced[place][:, [owner == name for owner in OWNER_OF_COLUMN]] = 0
        odds = self.trees.log_odds(silenced.reshape(-1, seen.shape[1])).reshape(len(silenced), -1)
        return odds[0], np.maximum(odds[0] - odds[1:], 0).T


def _probabilities(candidates: Candidates, odds: NDArray[np.float64]) -> NDArray[np.float64]:
    popular = candidates.scaled()[:, [name in _POPULARITIES for name in NAMES]].mean(axis=1)
    found: NDArray[np.float64] = np.where(candidates.told(), expit(odds), popular).astype(np.float64)
    return found
