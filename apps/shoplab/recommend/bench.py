"""Measures the recommender: how long it takes to fit and to rank, and ALS against `implicit` called directly."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from shoplab.core.console import Say
from shoplab.core.frames import kept
from shoplab.recommend.data.cases import cases_next_item
from shoplab.recommend.evaluate.readers import Split
from shoplab.recommend.ranking.fit import fit
from shoplab.recommend.sources.als import ALPHA, ITERATIONS, REGULARIZATION
from shoplab.recommend.sources.als_spark import fit_als

RANK = 64
USERS_PER_PAIR, PRODUCTS = 10, 50_000  # of the made-up pairs


@dataclass(frozen=True)
class RecommenderFigures:
    """Seconds. fit_s: all sources and blends; rank_s: all sources and blends for all cases; als_s and direct_s:
    medians of `runs` in turn, from a table of pairs to vectors, and from a matrix to vectors.
    """

    visits: int
    cases: int
    fit_s: float
    rank_s: float
    pairs: int
    als_s: float
    direct_s: float
    runs: int

    @property
    def als_ratio(self) -> float:
        return self.als_s / self.direct_s

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"als_ratio": self.als_ratio}


def measure(spark: SparkSession, split: Split, pairs: int, runs: int, say: Say = lambda _: None) -> RecommenderFigures:
    """Fits on split.train and ranks every prefix of split.test; then ALS on so many made-up pairs."""
    say("fitting")
    started = time.monotonic()
    ranker = fit(split.train, "next-item", say=say)
    fitted = time.monotonic()
    histories = cases_next_item(split.test)[0]
    say("ranking")
    ranker.rankings(histories, 20)
    ranked = time.monotonic()
    matrix = _made_up(pairs)
    als, direct = _in_turn(spark, matrix, runs, say)
    return RecommenderFigures(
        len(split.train), len(histories), round(fitted - started, 1), round(ranked - fitted, 1), matrix.nnz,
        round(als, 2), round(direct, 2), runs,
    )  # fmt: skip


def _made_up(pairs: int) -> csr_matrix:
    """Weights 1 to 20 of users and products drawn as in a shop: few products have most pairs."""
    rng = np.random.default_rng(1)
    users = rng.integers(max(1, pairs // USERS_PER_PAIR), size=pairs)
    products = np.minimum(rng.pareto(0.8, pairs) * 100, PRODUCTS - 1).astype(np.int64)
    matrix = csr_matrix((rng.integers(1, 21, pairs).astype(np.float32), (users, products)))
    matrix.sum_duplicates()
    matrix.data = np.minimum(matrix.data, 20)
    return matrix


def _in_turn(spark: SparkSession, matrix: csr_matrix, runs: int, say: Say) -> tuple[float, float]:
    with kept(_as_table(spark, matrix)) as table:
        table.count()
        ours, direct = [], []
        for run in range(1, runs + 1):
            say(f"ALS, {run} of {runs}")
            ours.append(_seconds(lambda: fit_als(table, "implicit", RANK)))
            direct.append(_seconds(lambda: _directly(matrix)))
    return statistics.median(ours), statistics.median(direct)


def _seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _directly(matrix: csr_matrix) -> None:
    from implicit.cpu.als import AlternatingLeastSquares

    weights = matrix.copy()
    weights.data = 1 + ALPHA * weights.data
    with threadpool_limits(1, "blas"):
        als = AlternatingLeastSquares(RANK, regularization=REGULARIZATION, iterations=ITERATIONS, random_state=7)
        als.fit(weights, show_progress=False)


def _as_table(spark: SparkSession, matrix: csr_matrix) -> DataFrame:
    import pandas as pd

    pairs = matrix.tocoo()
    frame = pd.DataFrame({"user_id": pairs.row.astype(str), "product_id": pairs.col.astype(str), "weight": pairs.data})
    return spark.createDataFrame(frame)
