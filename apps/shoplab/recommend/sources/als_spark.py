"""ALS on a table of pairs, by either engine: Spark ML on the cluster, or `implicit` in the driver's memory."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from scipy.sparse import csr_matrix

from shoplab.core.frames import kept
from shoplab.recommend.data.arrays import Floats
from shoplab.recommend.sources.als import ALPHA, ITERATIONS, REGULARIZATION, Factors, fit_als_on_matrix

Engine = Literal["auto", "spark", "implicit"]

# Up to here user-product pairs (about 100 bytes each while they are indexed) go to the driver and `implicit`.
SINGLE_MACHINE_PAIRS = 5_000_000


def fit_als(pairs: DataFrame, engine: Engine = "auto", rank: int = 32, seed: int = 7) -> Factors:
    """Factorises user_id, product_id, weight; confidence in a pair is 1 + ALPHA * weight."""
    if engine == "auto":
        engine = "implicit" if pairs.count() <= SINGLE_MACHINE_PAIRS else "spark"
    return (_fit_on_spark if engine == "spark" else _fit_on_driver)(pairs, rank, seed)


def _fit_on_driver(pairs: DataFrame, rank: int, seed: int) -> Factors:
    table = pairs.select("user_id", "product_id", "weight").toArrow()
    user_ids, users = _indexed(table["user_id"])
    item_ids, items = _indexed(table["product_id"])
    weights = csr_matrix((table["weight"].to_numpy(), (users, items)), shape=(len(user_ids), len(item_ids)))
    fitted = fit_als_on_matrix(weights, rank, seed)
    return Factors(fitted.user_factors, fitted.item_factors, fitted.engine, user_ids, item_ids)


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
    return Factors(users, items, "spark", user_ids, item_ids)


def _dense(factors: DataFrame, rows: int) -> Floats:
    table = factors.toArrow()
    vectors = np.stack(table["features"].to_numpy()).astype(np.float32)
    dense = np.zeros((rows, vectors.shape[1]), dtype=np.float32)
    dense[table["id"].to_numpy()] = vectors
    return dense
