"""Time-decayed co-visitation: products met in the same visits, and those met with these."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix, diags, vstack

from shoplab.recommend.data.arrays import DAY_S, Floats
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.data.log import Log
from shoplab.recommend.sources.base import (
    Arrays,
    Group,
    Newer,
    Source,
    Training,
    packed,
    trimmed,
    unpacked,
    widened,
)
from shoplab.recommend.topn import best_products

WINDOW, FADE = 10, 0.5  # pairs up to so many events apart; each event between takes its share
HALF_LIFE_DAYS = 14.0
POPULAR = 0.4  # how much a product's own popularity is divided out: 0.5 is the cosine, 0 not at all
NEAREST, KEPT = 50, 100  # products kept per product: over one step, and in the end
ONE_STEP = 0.3  # what was met together itself, next to what is met with that over two steps and three
STEPS = 2  # further ones
DECAY = 0.5
SIZE = 80
TRUST = 20.0  # pairs since the training that count as much as all of a product's before


@dataclass(frozen=True)
class Covisits(Source):
    """related: shape (products, products), how near a product is to another over one to three steps of co-visits.

    Further steps (random walks on the graph of visits: Cooper, Lee, Radzik and Siantos 2014) tell about products that
    few met: their own pairs are too few. Pairs that end in more than the weakest event (a cart, a purchase) count once
    more by themselves.
    """

    related: csr_matrix
    name: ClassVar[str] = "covisits"
    group: ClassVar[Group] = "collaborative"

    @classmethod
    def fit(cls, training: Training) -> Self:
        log = training.log
        ages = (log.now - log.ends[log.visit_of]) / DAY_S
        fresh = (2.0 ** (-ages / HALF_LIFE_DAYS)).astype(np.float32)
        near = _normed(_pairs(log, fresh))
        if (log.kinds > 0).any():
            near = near + _normed(_pairs(log, fresh * (log.kinds > 0)))
        near = trimmed(csr_matrix(near), NEAREST)
        return cls(_walked(near))

    def lists(self, histories: Histories) -> csr_matrix:
        return best_products(histories.matrix(self.related.shape[0], DECAY), self.related, SIZE)

    def grown(self, newer: Newer) -> Self:
        """A product with n pairs since is drawn to them by n / (n + TRUST): one step to what was met with it since,
        and from there those that are known. A new product has nothing else.
        """
        size = len(newer.products)
        before = widened(self.related, size, size)
        count = np.asarray(newer.pairs.sum(axis=1)).ravel()
        touched = np.flatnonzero(count)
        near = trimmed(csr_matrix(_normed(newer.pairs) + _normed(newer.firm))[touched], NEAREST)
        since = _shares(csr_matrix(ONE_STEP * _shares(near) + STEPS * _shares(best_products(near, before, KEPT))))
        was, count = before[touched], count[touched]
        share = np.where(np.diff(was.indptr) > 0, count / (count + TRUST), 1).astype(np.float32)
        mixed = diags(1 - share) @ was + diags(share * np.float32(ONE_STEP + STEPS)) @ since
        rows = np.arange(size)
        rows[touched] = size + np.arange(len(touched))
        return type(self)(csr_matrix(vstack([before, trimmed(csr_matrix(mixed), KEPT)]))[rows])

    def arrays(self) -> Arrays:
        return packed("related", self.related)

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        return cls(unpacked("related", arrays))


def _pairs(log: Log, weights: Floats) -> csr_matrix:
    """Sum over pairs of a visit's events of the later one's weight, both ways, shape (products, products)."""
    size = len(log.products)
    total = csr_matrix((size, size), dtype=np.float32)
    for gap in range(1, WINDOW + 1):
        first, then = log.items[:-gap], log.items[gap:]
        pair = (log.visit_of[:-gap] == log.visit_of[gap:]) & (first >= 0) & (then >= 0) & (weights[gap:] > 0)
        faded = weights[gap:][pair] * np.float32(FADE ** (gap - 1))
        total = total + csr_matrix((faded, (first[pair], then[pair])), shape=(size, size))
    return csr_matrix(total + total.T)


def _normed(pairs: csr_matrix) -> csr_matrix:
    """Divided by a power of both products' own sums, so that what everybody meets is not near everything."""
    sums = np.asarray(pairs.sum(axis=1)).ravel() + 1
    divisor = (sums**POPULAR).astype(np.float32)
    rows = np.repeat(np.arange(len(sums)), np.diff(pairs.indptr))
    data = pairs.data / (divisor[rows] * divisor[pairs.indices])
    return csr_matrix((data.astype(np.float32), pairs.indices, pairs.indptr), shape=pairs.shape)


def _walked(near: csr_matrix) -> csr_matrix:
    """One, two and three steps, each as shares of its row."""
    two = best_products(near, near, KEPT)
    three = best_products(two, near, KEPT)
    return trimmed(csr_matrix(ONE_STEP * _shares(near) + _shares(two) + _shares(three)), KEPT)


def _shares(matrix: csr_matrix) -> csr_matrix:
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    rows = np.repeat(np.arange(len(sums)), np.diff(matrix.indptr))
    return csr_matrix((matrix.data / sums[rows], matrix.indices, matrix.indptr), shape=matrix.shape)
