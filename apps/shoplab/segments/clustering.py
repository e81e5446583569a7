"""K-means by either engine, and the choice of k.

Both engines start from the best of ten k-means++ starts on a sample, or from given centres, and end at the same
optimum: Spark's own k-means has one start and takes no centres to start from, so an update could not go on from last
month's. Its iteration is one aggregation here.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from threadpoolctl import threadpool_limits

from shoplab.core.frames import kept
from shoplab.segments.features import Matrix

K_RANGE = range(3, 11)
SAMPLE_ROWS = 10_000
SILHOUETTE_ROWS = 5_000
# Mean silhouettes this close together say the same, and then more segments say more: the finest of them is taken.
SAME_SILHOUETTE = 0.05
_STARTS = 10
_MOST_ROUNDS = 100
_STILL = 1e-4  # no centre moves further, in standard deviations
_THREADS = 1  # OpenMP's threads spin while they wait: next to a busy JVM two take ten times as long as one


class Clusters(NamedTuple):
    """centres: shape (at most k, features). silhouettes: k -> mean silhouette on a sample, empty where k was given."""

    centres: Matrix
    silhouettes: dict[int, float]


class Start(NamedTuple):
    """Where k-means begins: `centres` of an earlier model, or else k-means++ with k (None: chosen) and the seed."""

    k: int | None
    seed: int
    centres: Matrix | None = None


Engine = Callable[[DataFrame, Start], Clusters]


def fit_on_driver(rows: DataFrame, start: Start) -> Clusters:
    """scikit-learn's k-means on all rows in the driver's memory: best of 10 starts, or from the given centres."""
    matrix = _collect(rows)
    if start.centres is not None:
        return Clusters(_lloyd(matrix, start.centres), {})
    k, curve = _choose(start, np.random.default_rng(start.seed).permutation(matrix)[:SAMPLE_ROWS])
    return Clusters(fit(matrix, k, start.seed), curve)


def fit_on_spark(rows: DataFrame, start: Start) -> Clusters:
    """Lloyd's iterations on the cluster; only a sample comes to the driver, for k and where to start."""
    with kept(rows) as rows:
        if start.centres is not None:
            return Clusters(_lloyd_on_spark(rows, start.centres), {})
        sample = sample_of(rows, start.seed)
        k, curve = _choose(start, sample)
        return Clusters(_lloyd_on_spark(rows, fit(sample, k, start.seed)), curve)


def sample_of(rows: DataFrame, seed: int, most: int = SAMPLE_ROWS) -> Matrix:
    """About `most` random rows as a matrix, all of them where there are fewer."""
    share = 1.2 * most / max(1, rows.count())
    return _collect((rows.sample(share, seed) if share < 1 else rows).limit(most))


def nearest(columns: Sequence[str], centres: Matrix) -> str:
    """SQL: struct(squared, segment) of the nearest centre to these columns. One text instead of a hundred Columns, each
    of which is a call into the JVM.
    """
    return f"array_min(array({', '.join(_squared(columns, centre, i) for i, centre in enumerate(centres))}))"


def labels(rows: Matrix, centres: Matrix) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Position of each row's nearest centre."""
    from sklearn.metrics import pairwise_distances_argmin

    found: np.ndarray[tuple[int], np.dtype[np.int64]] = pairwise_distances_argmin(rows, centres)
    return found


def silhouette(rows: Matrix, placed: "np.ndarray[tuple[int], np.dtype[np.int64]]", seed: int) -> float | None:
    """Mean silhouette (Rousseeuw 1987) of at most 5,000 of the rows; None where all are in one cluster."""
    from sklearn.metrics import silhouette_score

    judged = np.random.default_rng(seed).permutation(len(rows))[:SILHOUETTE_ROWS]
    if not 1 < len(np.unique(placed[judged])) < len(judged):
        return None
    with threadpool_limits(_THREADS):
        return float(silhouette_score(rows[judged], placed[judged]))


def silhouettes(sample: Matrix, seed: int) -> dict[int, float]:
    """k in 3..10 -> mean silhouette of k-means on the sample. Empty where the rows are too alike for any of them."""
    distinct = _distinct(sample)
    curve = {}
    for k in (k for k in K_RANGE if k < distinct):
        found = silhouette(sample, labels(sample, fit(sample, k, seed)), seed)
        if found is not None:
            curve[k] = found
    return curve


def best_k(curve: dict[int, float]) -> int:
    """The largest k whose silhouette is as good as the best one, see SAME_SILHOUETTE; 1 for an empty curve."""
    return max((k for k in curve if curve[k] >= max(curve.values()) - SAME_SILHOUETTE), default=1)


def _choose(start: Start, sample: Matrix) -> tuple[int, dict[int, float]]:
    if start.k is not None:
        return start.k, {}
    curve = silhouettes(sample, start.seed)
    return best_k(curve), curve


def fit(rows: Matrix, k: int, seed: int) -> Matrix:
    """Centres, by the best of ten k-means++ starts."""
    from sklearn.cluster import KMeans

    k = min(k, _distinct(rows))
    with threadpool_limits(_THREADS):
        centres: Matrix = KMeans(k, n_init=_STARTS, random_state=seed).fit(rows).cluster_centers_
    return centres


def _lloyd(rows: Matrix, centres: Matrix) -> Matrix:
    """A centre that no row is near stays where it was."""
    from sklearn.cluster import KMeans

    used = np.unique(labels(rows, centres))
    moved = centres.copy()
    with threadpool_limits(_THREADS):
        moved[used] = KMeans(len(used), init=centres[used], n_init=1).fit(rows).cluster_centers_
    return moved


def _lloyd_on_spark(rows: DataFrame, centres: Matrix) -> Matrix:
    for _ in range(_MOST_ROUNDS):
        moved = centres.copy()
        placed = rows.withColumn("_segment", F.expr(f"{nearest(rows.columns, centres)}.segment"))
        for row in placed.groupBy("_segment").agg(*[F.avg(name).alias(name) for name in rows.columns]).collect():
            moved[row["_segment"]] = [row[name] for name in rows.columns]
        if np.abs(moved - centres).max() <= _STILL:
            return moved
        centres = moved
    return centres


def _squared(columns: Sequence[str], centre: Matrix, i: int) -> str:
    steps = [f"({name} - {at!r}D)" for name, at in zip(columns, centre.tolist(), strict=True)]
    return f"struct({' + '.join(f'{step} * {step}' for step in steps)} as squared, {i} as segment)"


def _collect(rows: DataFrame) -> Matrix:
    return rows.toPandas().to_numpy(dtype=np.float64)


def _distinct(rows: Matrix) -> int:
    return len(np.unique(rows, axis=0))
