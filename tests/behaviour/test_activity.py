from pyspark.sql import SparkSession

from shoplab.behaviour import activity
from shoplab.behaviour.bought import bought
from shoplab.behaviour.products import products
from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.touches import touches
from tests.data import event, event_frame


def test_activity_by_hour(spark: SparkSession) -> None:
    events = event_frame(
        spark,
        event("10-01 12:00:00"),
        event("10-01 12:59:59", "purchase", price=5.0),
        event("10-01 13:00:00", user="u2"),
    )
    rows = activity.activity(events).sort("hour").drop("hour").collect()
    assert [{name: value for name, value in row.asDict().items() if value} for row in rows] == [
        {"events": 2, "views": 1, "purchases": 1, "users": 1, "revenue": 5.0}, {"events": 1, "views": 1, "users": 1},
    ]  # fmt: skip


def test_funnel_counts_sessions_and_abandoned_carts(spark: SparkSession) -> None:
    events = event_frame(
        spark,
        event("10-01 12:00:00"),
        event("10-01 12:00:10", "cart"),
        event("10-01 12:00:00", session="s2"),
        event("10-01 12:00:10", "purchase", session="s2", price=7.0),
        event("10-01 12:00:00", session="s3", user="u2"),
    )
    by_session = sessions(touches(events))
    [row] = activity.funnel(by_session, bought(events, by_session, products(events))).collect()
    assert [row[c] for c in ("sessions", "viewed", "carted", "purchased", "abandoned", "users")] == [3, 3, 1, 1, 1, 2]
    assert row["revenue"] == 7.0
    assert (row["any_order"], row["strict_order"]) == (0, 0)


def test_long_sessions_are_counted_together(spark: SparkSession) -> None:
    events = event_frame(spark, *[event(f"10-01 12:{i // 60:02}:{i % 60:02}") for i in range(70)])
    assert [tuple(row) for row in activity.session_lengths(sessions(touches(events))).collect()] == [(50, 1, 0)]
