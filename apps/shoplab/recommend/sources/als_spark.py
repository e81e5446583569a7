"""Implicit-feedback ALS by either engine: Spark ML on the cluster, `implicit` in the driver's memory."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from shoplab.spark import kept

Floats = NDArray[np.float32]
Engine = Literal["auto", "spark", "implicit"]

# Up to here user-product pairs (about 100 bytes each while they are indexed) go to the driver and `implicit`.
SINGLE_MACHINE_PAIRS = 5_000_000
ITERATIONS = 10
ALPHA = 10.0  # confidence of a pair is 1 + ALPHA * weight
REGULARIZATION = 0.1


@dataclass(frozen=True)
class Factors:
    """User and item vectors, row i belonging to id i; float32, shape (ids, rank). Ids are sorted."""

    user_ids: list[str]
    item_ids: list[str]
    user_factors: Floats
    item_factors: Floats
    engine: str

    @property
    def rank(self) -> int:
        return int(self.item_factors.shape[1])

    @cached_property
    def _solver(self) -> Any:
        from implicit.cpu.als import AlternatingLeastSquares

        with threadpool_limits(1, "blas"):
            solver = AlternatingLeastSquares(self.rank, regularization=REGULARIZATION, num_threads=1)
        solver.item_factors = self.item_factors
        return solver


def fit_als(pairs: DataFrame, engine: Engine = "auto", rank: int = 32, seed: int = 7) -> Factors:
    """Factorises user_id, product_id, weight; confidence in a pair is 1 + ALPHA * weight.

    Source: Hu, Koren and Volinsky, Collaborative Filtering for Implicit Feedback Datasets, 2008.
    """
    if engine == "auto":
        engine = "implicit" if pairs.count() <= SINGLE_MACHINE_PAIRS else "spark"
    return (_fit_on_spark if engine == "spark" else _fit_on_driver)(pairs, rank, seed)


def fold_in(factors: Factors, user_items: csr_matrix) -> Floats:
    """Vectors of new or changed users from weights, shape (users, items): one exact least-squares step, items fixed."""
    rows = np.arange(user_items.shape[0])
    vectors: Floats = factors._solver.recalculate_user(rows, _confidence(user_items))
    return vectors


def _confidence(weights: csr_matrix) -> csr_matrix:
    confidence = weights.astype(np.float32)
    confidence.data = 1 + ALPHA * confidence.data
    return confidence


def _fit_on_driver(pairs: DataFrame, rank: int, seed: int) -> Factors:
    table = pairs.select("user_id", "product_id", "weight").toArrow()
    user_ids, users = _indexed(table["user_id"])
    item_ids, items = _indexed(table["product_id"])
    weights = csr_matrix((table["weight"].to_numpy(), (users, items)), shape=(len(user_ids), len(item_ids)))
    fitted = fit_als_on_matrix(weights, rank, seed)
    return Factors(user_ids, item_ids, fitted.user_factors, fitted.item_factors, fitted.engine)


def fit_als_on_matrix(weights: csr_matrix, rank: int, seed: int = 7) -> Factors:
    """By `implicit`, from weights of shape (users, items); the ids are left empty."""
    from implicit.cpu.als import AlternatingLeastSquares

    # implicit's own threads do the work; BLAS threads under them only get in the way
    with threadpool_limits(1, "blas"):
        als = AlternatingLeastSquares(rank, regularization=REGULARIZATION, iterations=ITERATIONS, random_state=seed)
        als.fit(_confidence(weights), show_progress=False)
    return Factors([], [], als.user_factors, als.item_factors, "implicit")


def _indexed(column: Any) -> tuple[list[str], NDArray[np.int32]]:
    """Sorted ids, and each row's position among them."""
    encoded = column.combine_chunks().dictionary_encode()
    ids = np.array(encoded.dictionary.to_pylist(), dtype=str)
    order = np.argsort(ids)
    position = np.empty(len(ids), dtype=np.int32)
    position[order] = np.arange(len(ids), dtype=np.int32)
    return ids[order].tolist(), position[encoded.indices.to_numpy()]


def _fit_on_spark(pairs: DataFrame, rank: int, seed: int) -> Factors:
    from pyspark.ml.feature import StringIndexer
    from pyspark.ml.recommendation import ALS

    ids, positions = ["user_id", "product_id"], ["user", "item"]
    indexer = StringIndexer(inputCols=ids, outputCols=positions, stringOrderType="alphabetAsc").fit(pairs)
    with kept(indexer.transform(pairs).select("user", "item", "weight")) as indexed:
        user_ids, item_ids = (list(labels) for labels in indexer.labelsArray)
        per_user = indexed.count() / max(1, len(user_ids))  # Spark multiplies regParam by a user's number of pairs
        als = ALS(
            rank=rank, maxIter=ITERATIONS, regParam=REGULARIZATION / per_user, alpha=ALPHA, implicitPrefs=True,
            userCol="user", itemCol="item", ratingCol="weight", seed=seed,
        )  # fmt: skip
        model = als.fit(indexed)
        users, items = _dense(model.userFactors, len(user_ids)), _dense(model.itemFactors, len(item_ids))
    return Factors(user_ids, item_ids, users, items, "spark")


def _dense(factors: DataFrame, rows: int) -> Floats:
    table = factors.toArrow()
    vectors = np.stack(table["features"].to_numpy()).astype(np.float32)
    dense = np.zeros((rows, vectors.shape[1]), dtype=np.float32)
    dense[table["id"].to_numpy()] = vectors
    return dense
