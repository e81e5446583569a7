import math

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from sklearn.metrics import adjusted_rand_score

from shoplab.segments.drift import MOST_PSI, ReferenceBins, fit_bins, index_of, migration, psi, size_change
from shoplab.segments.features import fit_scaling
from shoplab.segments.history import user_history
from tests.segments.user_rows import user_row, user_table


def test_index_is_the_formula() -> None:
    expected = (0.6 - 0.5) * math.log(0.6 / 0.5) + (0.4 - 0.5) * math.log(0.4 / 0.5)
    assert index_of([0.5, 0.5], [0.6, 0.4]) == pytest.approx(expected)
    assert index_of([0.2, 0.8], [0.2, 0.8]) == 0
    assert math.isfinite(index_of([1.0, 0.0], [0.0, 1.0]))


def test_stable_users_have_none_and_moved_ones_have_much(spark: SparkSession) -> None:
    rng = np.random.default_rng(1)
    rows = [
        user_row(str(i), events=int(n), price_level=float(p))
        for i, (n, p) in enumerate(zip(rng.geometric(0.2, 400), rng.uniform(size=400), strict=True))
    ]
    history = user_history(user_table(spark, rows))
    _, scaling = fit_scaling(history)
    bins = fit_bins(scaling, history)
    assert ReferenceBins(**bins.to_dict()) == bins
    assert all(sum(shares) == pytest.approx(1) for shares in bins.shares.values())
    assert psi(bins, scaling, history) == pytest.approx(dict.fromkeys(scaling.features, 0.0))
    cheap = history.withColumn("price_level", F.col("price_level") / 3)
    found = psi(bins, scaling, cheap)
    assert found["price_level"] > MOST_PSI
    assert found["month_events"] == pytest.approx(0)


def test_migration_counts_shared_users(spark: SparkSession) -> None:
    before = spark.createDataFrame([("1", "a"), ("2", "a"), ("3", "b"), ("gone", "old")], ["user_id", "segment_name"])
    now = spark.createDataFrame([("1", "a"), ("2", "b"), ("3", "b"), ("new", "a")], ["user_id", "segment_name"])
    moves = migration(before, now, ["a", "b"])
    assert (moves.names, moves.users, moves.shared) == (["a", "b"], [[1, 1], [0, 1]], 3)
    assert moves.ari() == pytest.approx(adjusted_rand_score(["a", "a", "b"], ["a", "b", "b"]))
    assert migration(before, now.where("user_id = 'new'"), ["a", "b"]).ari() is None


def test_size_change_is_relative_to_the_earlier_share() -> None:
    assert size_change({"a": 0.5, "b": 0.5, "gone": 0.1}, {"a": 0.6, "b": 0.5, "new": 0.2}) == pytest.approx(
        {"a": 0.2, "b": 0.0, "gone": -1.0}
    )
