"""What is in demand now in the whole shop."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import DAY_S, Bools, Floats
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.data.log import Log
from shoplab.recommend.sources.base import Arrays, Group, Newer, Pairs, Source, Training

HALF_LIFE_DAYS = 7.0
TOP = 100
PEAK_BEFORE = 7.0  # models of before 2026-12 do not say theirs: the best product is taken for one of 1,100 views


def decayed_demand(log: Log, rows: Bools | None = None) -> Floats:
    """Per product the sum of weight * 2^(-age / 7 days) over its events; with rows (a mask of events), over those."""
    kept = log.items >= 0 if rows is None else (log.items >= 0) & rows
    weights = np.array(log.feedback.weights)
    fresh = weights[log.kinds[kept]] * 2.0 ** ((log.times[kept] - log.now) / DAY_S / HALF_LIFE_DAYS)
    return np.bincount(log.items[kept], fresh, minlength=len(log.products)).astype(np.float32)


def peak_of(demand: Floats) -> Floats:
    """What `scaled` divides a row by: log1p of its best product's demand."""
    peaks: Floats = np.log1p(demand).max(axis=-1, initial=0.0)
    return peaks


def scaled(demand: Floats) -> Floats:
    """log1p tames the heavy tail; the best product of every row gets 1."""
    scores = np.log1p(demand)
    best = scores.max(axis=-1, keepdims=True, initial=0.0)
    shares: Floats = np.divide(scores, best, out=np.zeros_like(scores), where=best > 0)
    return shares


@dataclass(frozen=True)
class Popularity(Source):
    """scores: per product, in [0, 1]. peak: log1p of the best product's demand, so that demand can be told again."""

    scores: Floats
    peak: float = PEAK_BEFORE
    name: ClassVar[str] = "popularity"
    group: ClassVar[Group] = "segment"
    weight: ClassVar[float] = 0.0
    floor: ClassVar[float] = 1e-3  # tells apart what no other source does
    features: ClassVar[tuple[str, ...]] = ("popularity score",)

    @classmethod
    def fit(cls, training: Training) -> Self:
        demand = decayed_demand(training.log)
        return cls(scaled(demand), float(peak_of(demand)))

    @property
    def demand(self) -> Floats:
        """Per product, as of the training's last event."""
        demand: Floats = np.expm1(self.scores * np.float32(self.peak))
        return demand

    def lists(self, histories: Histories) -> csr_matrix:
        top = np.argsort(-self.scores, kind="stable")[:TOP]
        top = top[self.scores[top] > 0]
        cases = len(histories)
        starts = np.arange(cases + 1) * len(top)
        return csr_matrix((np.tile(self.scores[top], cases), np.tile(top, cases), starts),
                          shape=(cases, len(self.scores)))  # fmt: skip

    def describe(self, pairs: Pairs) -> Floats:
        return self.scores[pairs.items][:, None]

    def grown(self, newer: Newer) -> Self:
        return type(self)(scaled(newer.wanted), float(peak_of(newer.wanted)))

    def arrays(self) -> Arrays:
        return {"scores": self.scores, "peak": np.array(self.peak)}

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        return cls(arrays["scores"], float(arrays.get("peak", PEAK_BEFORE)))
