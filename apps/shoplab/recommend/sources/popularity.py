"""What is in demand now: in the whole shop, and by segment and category."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix, vstack

from shoplab.recommend.histories import Histories
from shoplab.recommend.interactions import EVENT_WEIGHTS
from shoplab.recommend.log import DAY_S, KINDS, Ints, Log
from shoplab.recommend.sources.base import Arrays, Floats, Training, best_products, packed, trimmed, unpacked

HALF_LIFE_DAYS = 7.0
# Demand that every segment borrows from the shop as a whole: small segments lean on everybody's taste.
PRIOR_WEIGHT = 50.0
TOP, TOP_OF_CATEGORY = 100, 40
GENERAL = 0.2  # of a segment's best sellers whatever the category, next to those of the categories met
DECAY = 0.9
SIZE = 30
_WEIGHTS = np.array([EVENT_WEIGHTS[kind] for kind in KINDS])


def decayed_demand(log: Log, rows: Ints | None = None) -> Floats:
    """Per product the sum of weight * 2^(-age / 7 days) over its events; with rows (a mask of events), over those."""
    kept = log.items >= 0 if rows is None else (log.items >= 0) & rows
    fresh = _WEIGHTS[log.kinds[kept]] * 2.0 ** ((log.times[kept] - log.now) / DAY_S / HALF_LIFE_DAYS)
    return np.bincount(log.items[kept], fresh, minlength=len(log.catalogue)).astype(np.float32)


def scaled(demand: Floats) -> Floats:
    """log1p tames the heavy tail; the best product of every row gets 1."""
    scores = np.log1p(demand)
    best = scores.max(axis=-1, keepdims=True, initial=0.0)
    shares: Floats = np.divide(scores, best, out=np.zeros_like(scores), where=best > 0)
    return shares


@dataclass(frozen=True)
class Popular:
    """scores: per product, in [0, 1]."""

    scores: Floats
    name: ClassVar[str] = "popularity"

    @classmethod
    def fit(cls, training: Training) -> Self:
        return cls(scaled(decayed_demand(training.log)))

    def lists(self, histories: Histories) -> csr_matrix:
        top = np.argsort(-self.scores, kind="stable")[:TOP]
        top = top[self.scores[top] > 0]
        cases = len(histories)
        starts = np.arange(cases + 1) * len(top)
        return csr_matrix((np.tile(self.scores[top], cases), np.tile(top, cases), starts),
                          shape=(cases, len(self.scores)))  # fmt: skip

    def arrays(self) -> Arrays:
        return {"scores": self.scores}

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        return cls(arrays["scores"])


@dataclass(frozen=True)
class SegmentPopular:
    """scores: shape (segments + 1, products), in [0, 1], the last row the whole shop's; categories: per product its
    category's code; best: shape (rows x (categories + 1), products), the best of each, the last of all categories.
    """

    scores: Floats
    categories: Ints
    best: csr_matrix
    name: ClassVar[str] = "segment popularity"

    @classmethod
    def fit(cls, training: Training) -> Self:
        log = training.log
        users = log.users[log.visit_of]
        placed = np.append(training.segments, -1)[users]  # the last: of unknown users
        demand = [decayed_demand(log, placed == segment) for segment in range(len(training.names))]
        everybody = decayed_demand(log)
        shared = PRIOR_WEIGHT * everybody / (everybody.sum() or 1.0)
        scores = scaled(np.stack([*(mine + shared for mine in demand), everybody]))
        categories = log.catalogue.category_codes.astype(np.int64)
        return cls(scores, categories, _best(scores, categories))

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

    def arrays(self) -> Arrays:
        return packed("best", self.best) | {"scores": self.scores, "categories": self.categories}

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        return cls(arrays["scores"], arrays["categories"], unpacked("best", arrays))


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
