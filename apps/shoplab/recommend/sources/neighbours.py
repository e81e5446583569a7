"""Session neighbours: what the visits most like this one went on to."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import DAY_S
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.sources.base import (
    Arrays,
    Group,
    Newer,
    Source,
    Training,
    packed,
    unpacked,
    widened,
)
from shoplab.recommend.topn import best_products

HALF_LIFE_DAYS = 14.0
VISITS_PER_PRODUCT = 1000  # the newest: bounds memory and work by the shop's best sellers
NEIGHBOURS = 300
DECAY = 0.5
SIZE = 80


@dataclass(frozen=True)
class Neighbours(Source):
    """V-SkNN (Ludewig and Jannach 2018) with the weights of STAN (Garg et al. 2019): newer items of the visit, rarer
    items (idf), newer and shorter visits count more.

    index: products x visits, weighted; visits: visits x products, 1 where met.
    """

    index: csr_matrix
    visits: csr_matrix
    name: ClassVar[str] = "neighbours"
    group: ClassVar[Group] = "collaborative"

    @classmethod
    def fit(cls, training: Training) -> Self:
        log = training.log
        met = log.incidence
        ages = (log.now - log.ends) / DAY_S
        sizes = np.maximum(np.diff(met.indptr), 1)
        weights = 2.0 ** (-ages / HALF_LIFE_DAYS) / np.sqrt(sizes)
        popular = np.bincount(met.indices, minlength=met.shape[1])
        rarity = np.log((len(log) + 1) / (popular + 1))
        by_product = csr_matrix(met.T)
        by_product.data = weights[by_product.indices].astype(np.float32)
        index = _newest(by_product)
        index.data *= np.repeat(rarity, np.diff(index.indptr)).astype(np.float32)
        return cls(index, met)

    def lists(self, histories: Histories) -> csr_matrix:
        asked = histories.matrix(self.index.shape[0], DECAY)
        alike = best_products(asked, self.index, NEIGHBOURS)
        return best_products(alike, self.visits, SIZE)

    def grown(self, newer: Newer) -> Self:
        """Visits since are none of its own: their co-visits tell of them."""
        products = len(newer.products)
        index = widened(self.index, products, self.index.shape[1])
        return type(self)(index, widened(self.visits, self.visits.shape[0], products))

    def arrays(self) -> Arrays:
        return packed("index", self.index) | packed("visits", self.visits)

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        return cls(unpacked("index", arrays), unpacked("visits", arrays))


def _newest(by_product: csr_matrix) -> csr_matrix:
    """Visits are numbered by their end: of every product the last ones in its row."""
    by_product.sort_indices()
    ends = np.repeat(by_product.indptr[1:], np.diff(by_product.indptr))
    kept = ends - np.arange(by_product.nnz) <= VISITS_PER_PRODUCT
    starts = np.concatenate([[0], np.cumsum(kept)])[by_product.indptr]
    return csr_matrix((by_product.data[kept], by_product.indices[kept], starts), shape=by_product.shape)
