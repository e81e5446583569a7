import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pyspark.sql import SparkSession

from shoplab.core.catalog import Catalog
from shoplab.core.frames import SparkCatalog
from shoplab.core.settings import Settings
from shoplab.metrics.point import Point
from shoplab.segments.job import SegmentRequest, segment
from shoplab.segments.points import churn, segment_points
from tests.segments.user_rows import store_users, user_row

BUYER: dict[str, Any] = {"orders": 3, "sessions": 5, "events": 30, "carts": 4, "cart_rate": 0.8, "revenue": 90.0}
OCTOBER = [
    *(user_row(str(n), last_seen=dt.datetime(2019, 10, 20)) for n in range(20)),
    *(user_row(str(n), **BUYER, last_seen=dt.datetime(2019, 10, 31)) for n in range(20, 26)),
]
NOVEMBER = [user_row(str(n), **BUYER, last_seen=dt.datetime(2019, 11, 30), month="2019-11") for n in range(18, 30)]


@pytest.fixture(scope="module")
def catalog(lab: Settings, spark: SparkSession) -> Iterator[Catalog]:
    catalog = SparkCatalog(replace(lab, data_root="/segments-metrics"), spark)
    store_users(catalog, OCTOBER + NOVEMBER)
    yield catalog
    catalog.storage.delete("/segments-metrics")


def of(points: list[Point], measurement: str) -> dict[tuple[str, str], dict[str, Any]]:
    """(day, segment) -> fields."""
    found = [point for point in points if point.measurement == measurement]
    return {(f"{point.time:%Y-%m-%d}", point.tags["segment"]): dict(point.fields) for point in found}


def test_sizes_months_and_churn_whenever_it_is_run_again(catalog: Catalog) -> None:
    october = segment(catalog, SegmentRequest(as_of=dt.date(2019, 10, 31), k=2))
    first = segment_points(catalog, october)
    assert {point.measurement for point in first} == {"segment_profile", "segment_month"}
    assert {day for day, _ in of(first, "segment_month")} == {"2019-10-01"}
    loyal = of(first, "segment_profile")["2019-10-31", "loyal"]
    assert (loyal["users"], loyal["buyers"], loyal["revenue"]) == (6, 1.0, 90.0)
    october_loyal = of(first, "segment_month")["2019-10-01", "loyal"]
    assert october_loyal == {"users": 6, "share": 6 / 26, "sessions": 30, "orders": 18, "revenue": 540.0,
                             "revenue_share": 1.0}  # fmt: skip

    november = segment(catalog, SegmentRequest(k=2))
    second = segment_points(catalog, november)
    loyal = of(second, "segment_churn")["2019-11-30", "loyal"]
    assert loyal == {"stayed": 6, "left": 0, "joined": 2, "new": 4}
    [rest] = [fields for (_, name), fields in of(second, "segment_churn").items() if name != "loyal" and fields["left"]]
    assert rest["left"] == 2
    again = segment_points(catalog, segment(catalog, SegmentRequest(k=2)))
    assert of(again, "segment_churn") == of(second, "segment_churn")


def test_a_segment_that_is_gone_still_says_who_left(spark: SparkSession) -> None:
    before = spark.createDataFrame(
        [("a", "loyal"), ("b", "old name"), ("c", "loyal")], "user_id string, segment_name string"
    )
    now = spark.createDataFrame([("a", "loyal"), ("b", "loyal"), ("d", "fresh")], "user_id string, segment_name string")
    rows = {row["segment_name"]: row.asDict() for row in churn(before, now).collect()}
    assert rows == {
        "loyal": {"segment_name": "loyal", "stayed": 1, "joined": 1, "new": 0, "left": 0},
        "fresh": {"segment_name": "fresh", "stayed": 0, "joined": 0, "new": 1, "left": 0},
        "old name": {"segment_name": "old name", "stayed": 0, "joined": 0, "new": 0, "left": 1},
    }
