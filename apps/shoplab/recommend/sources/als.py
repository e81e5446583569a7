"""ALS as a source: products near to the user's vector."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from shoplab.recommend.als import Factors, fit_als_on_matrix, fold_in
from shoplab.recommend.histories import Histories
from shoplab.recommend.interactions import EVENT_WEIGHTS, WEIGHT_CAP
from shoplab.recommend.log import KINDS, Ints, Log
from shoplab.recommend.sources.base import Arrays, Floats, Training, from_pairs

SIZE = 40
_WEIGHTS = np.array([EVENT_WEIGHTS[kind] for kind in KINDS], dtype=np.float32)


@dataclass(frozen=True)
class Latent:
    """Trained vectors for users as they were; folded in for newcomers and for whoever has newer events."""

    factors: Factors
    name: ClassVar[str] = "als"

    @classmethod
    def fit(cls, training: Training) -> Self:
        if training.als:
            return cls(training.als)
        return cls(fit_als_on_matrix(pair_weights(training.log), training.rank, training.seed))

    def vectors(self, histories: Histories) -> Floats:
        """Shape (cases, rank); zeros without a history."""
        known = self.factors.user_factors
        vectors = np.zeros((len(histories), self.factors.rank), dtype=np.float32)
        trained = (histories.known >= 0) & (histories.known < len(known)) & ~histories.live
        vectors[trained] = known[histories.known[trained]]
        told = ~trained & (histories.lengths() > 0)
        if told.any():
            weights = histories.matrix(len(self.factors.item_factors))
            weights.data = np.minimum(weights.data, WEIGHT_CAP)
            vectors[told] = fold_in(self.factors, weights[told])
        return vectors

    def lists(self, histories: Histories) -> csr_matrix:
        vectors, products = self.vectors(histories), len(self.factors.item_factors)
        told = np.flatnonzero(vectors.any(axis=1))
        count = min(SIZE, products)
        shape = (len(histories), products)
        if not len(told) or not count:
            return csr_matrix(shape, dtype=np.float32)
        items, scores = _nearest(self.factors.item_factors, vectors[told], count)
        return from_pairs(np.repeat(told, count), items.ravel(), scores.ravel(), shape, count)

    def arrays(self) -> Arrays:
        return {"users": self.factors.user_factors, "items": self.factors.item_factors}

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        return cls(Factors([], [], arrays["users"], arrays["items"], "stored"))


def pair_weights(log: Log) -> csr_matrix:
    """Implicit feedback, shape (users, products): weights of EVENT_WEIGHTS summed, at most WEIGHT_CAP. Where no user is
    known, visits stand for users.
    """
    named = len(log.user_ids) > 0
    rows = log.users[log.visit_of] if named else log.visit_of
    known = (rows >= 0) & (log.items >= 0)
    shape = (len(log.user_ids) if named else len(log), len(log.catalogue))
    pairs = csr_matrix((_WEIGHTS[log.kinds[known]], (rows[known], log.items[known])), shape=shape)
    pairs.sum_duplicates()
    pairs.data = np.minimum(pairs.data, WEIGHT_CAP)
    return pairs


def _nearest(items: Floats, vectors: Floats, count: int) -> tuple[Ints, Floats]:
    from implicit.cpu.topk import topk

    with threadpool_limits(1, "blas"):
        ids, scores = topk(items, vectors, count)
    return ids.astype(np.int64), scores
