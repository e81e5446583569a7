"""What is in demand now by segment and category."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix, vstack

from shoplab.recommend.data.arrays import UNKNOWN, Floats, Ints
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.data.products import Products
from shoplab.recommend.sources.base import (
    Arrays,
    Group,
    Newer,
    Pairs,
    Source,
    Training,
    packed,
    trimmed,
    unpacked,
)
from shoplab.recommend.sources.popularity import PEAK_BEFORE, TOP, decayed_demand, peak_of, scaled
from shoplab.recommend.topn import best_products

# Demand that every segment borrows from the shop as a whole: small segments lean on everybody's taste.
PRIOR_WEIGHT = 50.0
TOP_OF_CATEGORY = 40
GENERAL = 0.2  # of a segment's best sellers whatever the category, next to those of the categories met
DECAY = 0.9
SIZE = 30


@dataclass(frozen=True)
class SegmentPopularity(Source):
    """scores: shape (segments + 1, products), in [0, 1], the last row the whole shop's; categories: per product its
    category's code; best: shape (rows x (categories + 1), products), the best of each, the last of all categories.
    peaks: per row what its scores were divided by.
    """

    scores: Floats
    categories: Ints
    best: csr_matrix
    peaks: Floats
    name: ClassVar[str] = "segment popularity"
    group: ClassVar[Group] = "segment"
    features: ClassVar[tuple[str, ...]] = ("segment's taste",)

    @classmethod
    def fit(cls, training: Training) -> Self:
        log = training.log
        users = log.users[log.visit_of]
        placed = np.append(training.segments, UNKNOWN)[users]  # the last: of unknown users
        demand = [decayed_demand(log, placed == segment) for segment in range(len(training.names))]
        return cls._of_demand(np.stack([*demand, decayed_demand(log)]), log.products)

    @classmethod
    def _of_demand(cls, demand: Floats, products: Products) -> Self:
        """demand: shape (segments + 1, products), the last row everybody's."""
        wanted = np.concatenate([demand[:-1] + _shared(demand[-1]), demand[-1:]])
        scores, categories = scaled(wanted), products.category_codes.astype(np.int64)
        return cls(scores, categories, _best(scores, categories), peak_of(wanted))

    def rows(self, histories: Histories) -> Ints:
        """Per case the row of its segment; without one the shop's."""
        shop = len(self.scores) - 1
        return np.where((histories.segments >= 0) & (histories.segments < shop), histories.segments, shop)

    def lists(self, histories: Histories) -> csr_matrix:
        width = self.best.shape[0] // len(self.scores)
        met = histories.matrix(len(self.categories), DECAY)
        total = np.asarray(met.sum(axis=1)).ravel()
        owners = np.repeat(np.arange(len(histories)), np.diff(met.indptr))
        rows = self.rows(histories)
        columns = np.concatenate([rows[owners] * width + self.categories[met.indices], rows * width + width - 1])
        weights = np.concatenate([met.data / total[owners], np.full(len(histories), GENERAL)]).astype(np.float32)
        owners = np.concatenate([owners, np.arange(len(histories))])
        asked = csr_matrix((weights, (owners, columns)), shape=(len(histories), self.best.shape[0]))
        return best_products(asked, self.best, SIZE)

    def describe(self, pairs: Pairs) -> Floats:
        """How much more the segment wants the product than the shop does."""
        taste: Floats = (
            self.scores[self.rows(pairs.histories)[pairs.owners], pairs.items] - self.scores[-1, pairs.items]
        )
        return taste[:, None]

    def grown(self, newer: Newer) -> Self:
        wanted = np.expm1(self.scores * self.peaks[:, None])
        demand = np.zeros_like(newer.demand)
        demand[-1, : wanted.shape[1]] = newer.fade * wanted[-1]
        demand[:-1, : wanted.shape[1]] = newer.fade * np.maximum(wanted[:-1] - _shared(wanted[-1]), 0)
        return self._of_demand(demand + newer.demand, newer.products)

    def arrays(self) -> Arrays:
        own: Arrays = {"scores": self.scores, "categories": self.categories, "peaks": self.peaks}
        return packed("best", self.best) | own

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        scores = arrays["scores"]
        peaks = arrays.get("peaks", np.full(len(scores), PEAK_BEFORE, np.float32))
        return cls(scores, arrays["categories"], unpacked("best", arrays), peaks)


def _shared(everybody: Floats) -> Floats:
    """What every segment borrows."""
    shared: Floats = PRIOR_WEIGHT * everybody / (everybody.sum() or 1.0)
    return shared


def _best(scores: Floats, categories: Ints) -> csr_matrix:
    rows, products = scores.shape
    width = int(categories.max(initial=-1)) + 2
    items = np.arange(products)
    parts = []
    for row in range(rows):
        table = csr_matrix((scores[row], (categories, items)), shape=(width - 1, products))
        general = csr_matrix((scores[row], (np.zeros(products, np.int64), items)), shape=(1, products))
        parts += [trimmed(table, TOP_OF_CATEGORY), trimmed(general, TOP)]
    return csr_matrix(vstack(parts)).astype(np.float32)
