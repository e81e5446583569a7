from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession

from shoplab.behaviour.job import analyse
from shoplab.behaviour.points import behaviour_points
from shoplab.core.frames import SparkCatalog
from shoplab.core.settings import Settings
from shoplab.core.vocabulary import COUNTS
from shoplab.metrics.point import Point
from tests.data import event, event_frame


@pytest.fixture(scope="module")
def points(lab: Settings, spark: SparkSession) -> Iterator[list[Point]]:
    """Three sessions on two days: 10 s with a purchase of 7, one click, 30 s with a cart and no purchase."""
    catalog = SparkCatalog(replace(lab, data_root="/behaviour-metrics"), spark)
    events = event_frame(
        spark,
        event("10-01 12:00:00"),
        event("10-01 12:00:10", "purchase", price=7.0),
        event("10-01 13:30:00", user="u2", session="s2"),
        event("10-02 00:00:00", user="u3", session="s3", category=None),
        event("10-02 00:00:30", "cart", user="u3", session="s3", category=None),
    )
    catalog.replace("events", events, "date")
    analyse(catalog)
    yield behaviour_points(catalog)
    catalog.storage.delete("/behaviour-metrics")


def of(points: list[Point], measurement: str, tag: str = "") -> dict[Any, dict[str, Any]]:
    """(time, tag) -> fields, or time -> fields where there is no tag."""
    found = [point for point in points if point.measurement == measurement]
    return {(point.time, point.tags[tag]) if tag else point.time: dict(point.fields) for point in found}


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2019, 10, day, hour, tzinfo=UTC)


def test_events_by_hour_at_the_shops_own_time(points: list[Point]) -> None:
    found = of(points, "shop_events", "event_type")
    assert found[at(1, 12), "view"] == {"events": 1, "revenue": 0}
    assert found[at(1, 12), "purchase"] == {"events": 1, "revenue": 7.0}
    assert found[at(2), "cart"]["events"] == 1
    assert len(found) == 3 * len(COUNTS)
    assert sum(fields["events"] for fields in found.values()) == 5


def test_days(points: list[Point]) -> None:
    first = {"sessions": 2, "buying_sessions": 1, "users": 2, "buyers": 1, "conversion": 0.5}
    lengths = {"session_p50_s": 0, "session_p90_s": 10, "session_p99_s": 10}
    second = {"sessions": 1, "buying_sessions": 0, "users": 1, "buyers": 0, "conversion": 0.0}
    assert of(points, "shop_day") == {
        at(1): first | lengths,
        at(2): second | dict.fromkeys(lengths, 30),
    }


def test_the_funnel_of_the_month(points: list[Point]) -> None:
    found = of(points, "shop_funnel", "step")
    assert {step: fields["sessions"] for (_, step), fields in found.items() if fields["sessions"]} == {
        "viewed": 3, "carted": 1, "purchased": 1, "abandoned": 1,
    }  # fmt: skip
    assert found[at(1), "carted"]["share"] == pytest.approx(1 / 3)


def test_categories_and_paths_stand_at_the_last_day(points: list[Point]) -> None:
    categories = of(points, "shop_category", "category")
    counts = {"views": 2, "purchases": 1, "revenue": 7.0}
    assert {name: value for name, value in categories[at(2), "electronics"].items() if value} == counts
    assert categories[at(2), "none"]["carts"] == 1
    paths = of(points, "shop_path", "rank")
    assert {rank: fields["path"] for (_, rank), fields in paths.items()} == {
        "1": "view", "2": "view > cart", "3": "view > purchase",
    }  # fmt: skip
