"""Logs that nobody would wish for: sensible output, a word about it, no NaN anywhere."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from shoplab.behaviour.job import analyse
from shoplab.core.frames import SparkCatalog
from shoplab.core.schemas import SEGMENT
from shoplab.core.settings import Settings
from shoplab.segments.job import SegmentRequest, segment
from shoplab.segments.summary import SegmentSummary
from tests.data import event, event_frame

Events = list[tuple[object, ...]]
Run = Callable[..., tuple[SegmentSummary, pd.DataFrame]]


@pytest.fixture
def run(lab: Settings, spark: SparkSession) -> Iterator[Run]:
    """Adds events to an empty shop, analyses and segments it."""
    catalog = SparkCatalog(replace(lab, data_root="/segments-bad-input"), spark)

    def segmented(events: Events, **request: object) -> tuple[SegmentSummary, pd.DataFrame]:
        catalog.replace("events", event_frame(spark, *events), "date")
        analyse(catalog)
        summary = segment(catalog, SegmentRequest(**request))  # type: ignore[arg-type]
        table = catalog.table("segments", catalog.current("segments").rsplit("/", 1)[1]).set_index("user_id")
        required = [column.name for column in SEGMENT.columns if not column.nullable and column.name != "user_id"]
        assert not table[required].isna().any().any()
        json.dumps(summary.to_dict(), allow_nan=False)
        return summary, table

    yield segmented
    catalog.storage.delete("/segments-bad-input")


def test_one_user_one_event_no_price(run: Run) -> None:
    summary, table = run([event("10-01 12:00:00", price=None, category=None, brand=None)])
    assert (summary.users, summary.k, summary.rfm) == (1, 1, {"non-buyer": 1})
    assert table["monetary"].tolist() == [0.0]
    assert "price_level: the log has no prices" in summary.left_out
    assert any("nobody bought" in text for text in summary.left_out)


def test_all_users_alike_at_price_zero(run: Run) -> None:
    people = [event("10-01 12:00:00", user=f"u{i}", session=f"s{i}", price=0.0) for i in range(30)]
    bought = [event("10-01 12:01:00", "purchase", user=f"u{i}", session=f"s{i}", price=0.0) for i in range(30)]
    summary, table = run(people + bought)
    assert (summary.k, summary.segments[0].users) == (1, 30)
    assert set(table["frequency"]) == {1}
    assert summary.value is None


def test_robots_and_a_month_of_strangers(run: Run) -> None:
    robot = [
        event(f"10-01 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}", user="robot", session="r", product=f"p{n % 50}")
        for n in range(2_001)
    ]
    people = [
        event(f"10-0{1 + visit} 12:00:{i:02}", user=f"u{i}", session=f"s{i}-{visit}", product=f"p{i % 7}")
        for i in range(20)
        for visit in range(1 + i % 3)
    ]
    october, table = run(robot + people, k=2)
    assert october.robots == 1
    assert [user for user, flag in table["robot"].items() if flag] == ["robot"]
    robots = "robots: 1 of 21 users have a session of more than 2,000 events and took no part in the fit"
    assert robots in october.left_out
    assert max(row.centre["month_events"] for row in october.segments) < 10

    strangers = [event("11-05 12:00:00", user=f"n{i}", session=f"n{i}") for i in range(10)]
    november, _ = run(strangers, update=True)
    assert november.update is not None
    assert (november.update["shared_users"], november.update["newcomers"], november.update["ari"]) == (0, 10, None)
    assert [row.name for row in november.segments] == [row.name for row in october.segments]
