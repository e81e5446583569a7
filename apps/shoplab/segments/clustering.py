"""K-means on scaled features by either engine, and the choice of k."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from threadpoolctl import threadpool_limits

Matrix = NDArray[np.float64]

K_RANGE = range(3, 11)
SAMPLE_ROWS = 10_000
SILHOUETTE_ROWS = 2_500
_STARTS = 10
# Spark's k-means|| wants k > 1, and fails where it draws fewer different rows than k to start from.
_ROWS_PER_START = 20
_THREADS = 1  # OpenMP's threads spin while they wait: next to a busy JVM two take ten times as long as one


class Clusters(NamedTuple):
    """centres: shape (at most k, features). silhouettes: k -> mean silhouette on a sample, empty where k was given."""

    centres: Matrix
    silhouettes: dict[int, float]


def fit_on_driver(rows: DataFrame, k: int | None, seed: int) -> Clusters:
    """scikit-learn's k-means, best of 10 k-means++ starts, on all rows in the driver's memory."""
    matrix = _collect(rows)
    sample = np.random.default_rng(seed).permutation(matrix)[:SAMPLE_ROWS]
    k, curve = _choose(k, sample, seed)
    return Clusters(_fit(matrix, k, seed), curve)


def fit_on_spark(rows: DataFrame, k: int | None, seed: int) -> Clusters:
    """Spark ML's k-means|| on the cluster; only the sample that chooses k comes to the driver."""
    from pyspark.ml.clustering import KMeans
    from pyspark.ml.feature import VectorAssembler

    rows = rows.persist()
    try:
        share = 1.2 * SAMPLE_ROWS / max(1, rows.count())
        sample = _collect((rows.sample(share, seed) if share < 1 else rows).limit(SAMPLE_ROWS))
        k, curve = _choose(k, sample, seed)
        if k == 1 or _distinct(sample) < _ROWS_PER_START * k:
            return Clusters(_fit(sample, k, seed), curve)
        vectors = VectorAssembler(inputCols=rows.columns, outputCol="features").transform(rows)
        model = KMeans(k=k, seed=seed, maxIter=50, tol=1e-6).fit(vectors)
        return Clusters(np.unique(np.array(model.clusterCenters()), axis=0), curve)
    finally:
        rows.unpersist()


def silhouettes(sample: Matrix, seed: int) -> dict[int, float]:
    """k in 3..10 -> mean silhouette of k-means on the sample. Empty where the rows are too alike for any of them."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    judged = np.random.default_rng(seed).permutation(len(sample))[:SILHOUETTE_ROWS]
    distinct = _distinct(sample[judged])
    curve = {}
    with threadpool_limits(_THREADS):
        for k in (k for k in K_RANGE if k < distinct):
            labels = KMeans(k, n_init=3, random_state=seed).fit(sample).labels_[judged]
            if len(np.unique(labels)) > 1:
                curve[k] = float(silhouette_score(sample[judged], labels))
    return curve


def _fit(rows: Matrix, k: int, seed: int) -> Matrix:
    from sklearn.cluster import KMeans

    k = min(k, _distinct(rows))
    with threadpool_limits(_THREADS):
        centres: Matrix = KMeans(k, n_init=_STARTS, random_state=seed).fit(rows).cluster_centers_
    return centres


def _choose(k: int | None, sample: Matrix, seed: int) -> tuple[int, dict[int, float]]:
    if k is not None:
        return k, {}
    curve = silhouettes(sample, seed)
    return max(curve, key=lambda k: curve[k], default=1), curve


def _collect(rows: DataFrame) -> Matrix:
    return rows.toPandas().to_numpy(dtype=np.float64)


def _distinct(rows: Matrix) -> int:
    return len(np.unique(rows, axis=0))
