import datetime as dt

from pyspark.sql import SparkSession

from shoplab.behaviour.cohorts import cohorts
from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.touches import touches
from tests.data import event, event_frame


def test_who_comes_back_in_which_week(spark: SparkSession) -> None:
    """Weeks begin on Monday: 30 September, 7, 14 October 2019. A week with nobody of a cohort is 0, not missing."""
    events = event_frame(
        spark,
        event("10-01 12:00:00", session="a1"),
        event("10-06 23:59:59", session="a2"),
        event("10-14 00:00:00", session="a3"),
        event("10-02 12:00:00", user="u2", session="b1"),
        event("10-08 12:00:00", user="u3", session="c1"),
        event("10-09 12:00:00", user="u3", session="c2"),
    )
    rows = sorted(tuple(row) for row in cohorts(sessions(touches(events))).collect())
    first, second = dt.date(2019, 9, 30), dt.date(2019, 10, 7)
    assert rows == [
        (first, 0, 2, 2, 1.0),
        (first, 1, 2, 0, 0.0),
        (first, 2, 2, 1, 0.5),
        (second, 0, 1, 1, 1.0),
        (second, 1, 1, 0, 0.0),
    ]


def test_weeks_in_which_nobody_came_are_left_out(spark: SparkSession) -> None:
    """Such as the 48 years after an event of a clock that was never set."""
    events = event_frame(spark, event("01-01 00:00:00", session="a1"), event("12-30 12:00:00", session="a2"))
    assert sorted(row["weeks_after"] for row in cohorts(sessions(touches(events))).collect()) == [0, 52]
