"""ALS as a source: products near to the user's vector, folded in for whoever has newer events than the fit.

Source: Hu, Koren and Volinsky, Collaborative Filtering for Implicit Feedback Datasets, 2008.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from shoplab.recommend.data.arrays import Floats, Ints
from shoplab.recommend.data.feedback import WEIGHT_CAP
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.data.log import Log
from shoplab.recommend.sources.als_kernels import all_folded_in, dots
from shoplab.recommend.sources.base import Arrays, Group, Newer, Pairs, Source, Training, from_pairs

SIZE = 40
ITERATIONS = 10
ALPHA = 10.0  # confidence of a pair is 1 + ALPHA * weight
REGULARIZATION = 0.1


@dataclass(frozen=True)
class Factors:
    """User and item vectors, row i belonging to id i; float32, shape (ids, rank). Ids are sorted."""

    user_factors: Floats
    item_factors: Floats
    engine: str
    user_ids: list[str] = field(default_factory=list)
    item_ids: list[str] = field(default_factory=list)

    @property
    def rank(self) -> int:
        return int(self.item_factors.shape[1])

    @cached_property
    def users_gram(self) -> Floats:
        """Sum of the outer products of all users' vectors, shape (rank, rank)."""
        gram: Floats = self.user_factors.T @ self.user_factors
        return gram

    @cached_property
    def items_gram(self) -> Floats:
        """The same of all items' vectors."""
        gram: Floats = (self.item_factors.T @ self.item_factors).astype(np.float32)
        return gram


def fit_als_on_matrix(weights: csr_matrix, rank: int, seed: int = 7) -> Factors:
    """By `implicit`, from weights of shape (users, items); the ids are left empty."""
    from implicit.cpu.als import AlternatingLeastSquares

    # implicit's own threads do the work; BLAS threads under them only get in the way
    with threadpool_limits(1, "blas"):
        als = AlternatingLeastSquares(rank, regularization=REGULARIZATION, iterations=ITERATIONS, random_state=seed)
        als.fit(_confidence(weights), show_progress=False)
    return Factors(als.user_factors, als.item_factors, "implicit")


def fold_in(factors: Factors, user_items: csr_matrix) -> Floats:
    """Vectors of new or changed users from weights, shape (users, items): one exact least-squares step, items fixed."""
    met = _confidence(user_items)
    vectors: Floats = all_folded_in(
        factors.items_gram, factors.item_factors, met.indptr, met.indices, met.data, REGULARIZATION
    )
    return vectors


def fold_in_items(factors: Factors, users: Floats, weights: csr_matrix) -> Floats:
    """Vectors of new products from the users who met them, shape (products, rank): the same step the other way round,
    a ridge regression with users fixed. users: vectors, shape (users, rank); weights: shape (products, users). Whoever
    is not among `users` counts as everybody does who has not met the product.
    """
    vectors = np.zeros((weights.shape[0], factors.rank), dtype=np.float32)
    fixed = factors.users_gram + REGULARIZATION * np.eye(factors.rank, dtype=np.float32)
    for row, (first, last) in enumerate(zip(weights.indptr[:-1], weights.indptr[1:], strict=True)):
        met, confidence = users[weights.indices[first:last]], ALPHA * weights.data[first:last]
        if len(met):
            vectors[row] = np.linalg.solve(fixed + (met.T * confidence) @ met, met.T @ (1 + confidence))
    return vectors


def _confidence(weights: csr_matrix) -> csr_matrix:
    confidence = weights.astype(np.float32)
    confidence.data = 1 + ALPHA * confidence.data
    return confidence


@dataclass(frozen=True)
class Als(Source):
    """Trained vectors for users as they were; folded in for newcomers and for whoever has newer events."""

    factors: Factors
    name: ClassVar[str] = "als"
    group: ClassVar[Group] = "collaborative"
    tuned: ClassVar[bool] = True
    features: ClassVar[tuple[str, ...]] = ("als score",)

    @classmethod
    def fit(cls, training: Training) -> Self:
        given = training.given.get(cls.name)
        return cls(given or fit_als_on_matrix(pair_weights(training.log), training.rank, training.seed))

    def vectors(self, histories: Histories) -> Floats:
        """Shape (cases, rank); zeros without a history."""
        known = self.factors.user_factors
        vectors = np.zeros((len(histories), self.factors.rank), dtype=np.float32)
        trained = (histories.known >= 0) & (histories.known < len(known)) & ~histories.live
        vectors[trained] = known[histories.known[trained]]
        folded = ~trained & (histories.lengths() > 0)
        if folded.any():
            weights = histories.matrix(len(self.factors.item_factors))
            weights.data = np.minimum(weights.data, WEIGHT_CAP)
            vectors[folded] = fold_in(self.factors, weights[folded])
        return vectors

    def lists(self, histories: Histories) -> csr_matrix:
        vectors, products = self.vectors(histories), len(self.factors.item_factors)
        placed = np.flatnonzero(vectors.any(axis=1))
        count = min(SIZE, products)
        shape = (len(histories), products)
        if not len(placed) or not count:
            return csr_matrix(shape, dtype=np.float32)
        owners, items = np.repeat(placed, count), _nearest(self.factors.item_factors, vectors[placed], count).ravel()
        return from_pairs(owners, items, dots(vectors, owners, self.factors.item_factors, items), shape, count)

    def describe(self, pairs: Pairs) -> Floats:
        vectors = self.vectors(pairs.histories)
        products: Floats = dots(vectors, pairs.owners, self.factors.item_factors, pairs.items)
        return products[:, None]

    def grown(self, newer: Newer) -> Self:
        items = np.concatenate([self.factors.item_factors, newer.factors])
        return type(self)(replace(self.factors, item_factors=items, item_ids=newer.products.ids))

    def arrays(self) -> Arrays:
        return {"users": self.factors.user_factors, "items": self.factors.item_factors}

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        return cls(Factors(arrays["users"], arrays["items"], "stored"))


def pair_weights(log: Log) -> csr_matrix:
    """Implicit feedback, shape (users, products): the events' weights summed, at most WEIGHT_CAP. Where no user is
    known, visits stand for users.
    """
    named = len(log.user_ids) > 0
    rows = log.users[log.visit_of] if named else log.visit_of
    known = (rows >= 0) & (log.items >= 0)
    shape = (len(log.user_ids) if named else len(log), len(log.products))
    weights = log.feedback.weight_of[log.kinds[known]]
    pairs = csr_matrix((weights, (rows[known], log.items[known])), shape=shape)
    pairs.sum_duplicates()
    pairs.data = np.minimum(pairs.data, WEIGHT_CAP)
    return pairs


def _nearest(items: Floats, vectors: Floats, count: int) -> Ints:
    """Of every vector the rows with the largest products, shape (vectors, count)."""
    from implicit.cpu.topk import topk

    with threadpool_limits(1, "blas"):
        ids, _ = topk(items, vectors, count)
    found: Ints = ids.astype(np.int64)
    return found
