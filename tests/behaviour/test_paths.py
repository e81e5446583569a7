import pytest
from pyspark.sql import SparkSession

from shoplab.behaviour.paths import steps, transitions, typical_paths
from tests.data import event, event_frame


def test_steps_are_in_time_order_and_within_a_second_in_the_funnels(spark: SparkSession) -> None:
    events = event_frame(
        spark, event("10-01 12:00:05", "purchase"), event("10-01 12:00:05", "cart"), event("10-01 12:00:00")
    )
    assert steps(events).collect()[0]["steps"] == ["view", "cart", "purchase"]


def test_transitions_have_start_and_exit_and_shares_of_each_step(spark: SparkSession) -> None:
    table = spark.createDataFrame([(["view", "view", "cart"],), (["view"],)], "steps array<string>")
    made = {(r["step"], r["next"]): (r["moves"], r["share"]) for r in transitions(table).collect()}
    assert made == {
        ("start", "view"): (2, 1.0),
        ("view", "view"): (1, pytest.approx(1 / 3)),
        ("view", "cart"): (1, pytest.approx(1 / 3)),
        ("view", "exit"): (1, pytest.approx(1 / 3)),
        ("cart", "exit"): (1, 1.0),
    }


def test_typical_paths_fold_repeats(spark: SparkSession) -> None:
    sessions = [["view", "view", "view", "cart"], ["view", "view", "cart"], ["view"], ["view", "cart", "view"]]
    table = spark.createDataFrame([(s,) for s in sessions], "steps array<string>")
    made = {row["path"]: row["sessions"] for row in typical_paths(table).collect()}
    assert made == {"view+ > cart": 2, "view": 1, "view > cart > view": 1}
    assert [row["path"] for row in typical_paths(table, most=1).collect()] == ["view+ > cart"]
