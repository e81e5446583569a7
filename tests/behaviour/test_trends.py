import datetime as dt
from typing import Any

import pytest
from pyspark.sql import SparkSession

from shoplab.behaviour.products import products
from shoplab.behaviour.touches import touches, with_look
from shoplab.behaviour.trends import MOST_PRODUCTS, days_of_the_weeks, trends
from tests.data import event, event_frame


def made(spark: SparkSession, first: int, *rows: tuple[object, ...]) -> dict[tuple[str, str], dict[str, Any]]:
    """Trends of a log that has the days of October from `first` to the 14th."""
    events = event_frame(spark, *rows)
    days = [dt.date(2019, 10, day) for day in range(first, 15)]
    table = trends(with_look(touches(events), products(events)), days)
    return {(row["kind"], row["name"]): row.asDict() for row in table.collect()}


def test_the_last_week_against_the_one_before(spark: SparkSession) -> None:
    days = (1, 7, 8, 9, 14)
    rows = made(
        spark,
        1,
        *[event(f"10-{day:02} 12:00:00", session=f"s{day}") for day in days],
        event("10-14 12:01:00", "purchase", session="s14"),
        event("10-08 12:00:00", product="p2", category=None, session="other"),
    )
    first = rows["product", "p1"]
    assert [first[name] for name in ("views", "purchases", "revenue", "recent_views", "earlier_views")] == [
        5,
        1,
        10.0,
        3,
        2,
    ]
    assert first["label"] == "acme electronics.phone p1"
    assert first["trend"] == pytest.approx(0.4150, abs=1e-4)  # log2(4 / 3)
    assert rows["category", "electronics.phone"]["trend"] == first["trend"]
    assert rows["product", "p2"]["trend"] == 1.0  # log2(2 / 1)
    assert ("category", None) not in rows


def test_a_shorter_week_before_is_taken_by_the_day(spark: SparkSession) -> None:
    views = [event(f"10-{day:02} 12:00:0{i}", session=f"s{day}") for day in range(7, 15) for i in range(7)]
    row = made(spark, 7, *views)["product", "p1"]
    assert (row["recent_views"], row["earlier_views"]) == (49, 7)
    assert row["trend"] == pytest.approx(-0.1635, abs=1e-4)  # log2(50 / 7 / 8)


def test_no_earlier_day_no_trend(spark: SparkSession) -> None:
    assert made(spark, 8, event("10-09 12:00:00"))["product", "p1"]["trend"] is None


def test_products_are_bounded(spark: SparkSession) -> None:
    rows = [event("10-14 12:00:00", product=f"p{i}") for i in range(MOST_PRODUCTS + 20)]
    assert len(made(spark, 14, *rows)) == MOST_PRODUCTS + 1


def test_no_views_in_both_weeks_no_trend(spark: SparkSession) -> None:
    bought = event("10-14 12:00:00", "purchase")
    assert made(spark, 1, bought)["product", "p1"]["trend"] is None


def test_a_day_long_ago_is_no_earlier_week() -> None:
    assert days_of_the_weeks([dt.date(1970, 1, 1), dt.date(2017, 11, 25), dt.date(2017, 11, 26)]) == (2, 0)
    assert days_of_the_weeks([dt.date(2019, 10, day) for day in range(1, 32)]) == (7, 7)
