"""The two alert rules on real points: each fires when it is provoked, and not in an idle lab."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from influxdb_client.client.influxdb_client import InfluxDBClient

from shoplab.core.catalog import Catalog
from shoplab.core.kafka import empty_topic
from shoplab.core.settings import REPO, Settings
from shoplab.core.wait import wait_until
from shoplab.events.sources import inspect
from shoplab.lab.embedded import process
from shoplab.lab.embedded.lab import running_lab
from shoplab.lab.ports import with_free_ports
from shoplab.metrics.point import Point
from shoplab.metrics.store import open_store
from shoplab.monitor import gauges
from shoplab.monitor.watch import look
from shoplab.streaming.replay import replay
from tests.data import csv_file, raw_line
from tests.grafana import flux
from tests.grafana.flux import Range

FILE = REPO / "grafana" / "provisioning" / "alerting" / "rules.yaml"
[GROUP] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]
RULES = {rule["title"]: rule for rule in GROUP["rules"]}
STALLED, LOST = "Stream stalled", "Data node lost"
EVERY = dt.timedelta(seconds=10)
Look = Callable[[dt.datetime], Sequence[Point]]


@pytest.fixture
def bucket(with_influx: Settings) -> Iterator[Settings]:
    """A bucket of the test's own."""
    with InfluxDBClient(
        url=with_influx.influx_url, token=with_influx.influx_token, org=with_influx.influx_org
    ) as client:
        made = client.buckets_api().create_bucket(bucket_name="alerts")
        yield replace(with_influx, influx_bucket="alerts")
        client.buckets_api().delete_bucket(made)


def fires(settings: Settings, title: str, now: dt.datetime) -> bool:
    """The rule's condition as Grafana works it out: the query's last value against the threshold; no data is well."""
    query, reduced, threshold = (step["model"] for step in RULES[title]["data"])
    assert (reduced["type"], reduced["reducer"], reduced["expression"]) == ("reduce", "last", "A")
    assert (threshold["type"], threshold["expression"]) == ("threshold", "B")
    [evaluator] = [condition["evaluator"] for condition in threshold["conditions"]]
    assert evaluator["type"] == "gt"
    span = RULES[title]["data"][0]["relativeTimeRange"]
    over = Range(now - dt.timedelta(seconds=span["from"]), now - dt.timedelta(seconds=span["to"]))
    found = flux.rows(flux.run(settings, query["query"], over))
    assert len(found) <= 1
    return bool(found) and found[-1]["_value"] > evaluator["params"][0]


def watched(settings: Settings, seen: Look, now: dt.datetime, minutes: float) -> None:
    """Rounds of the watch up to now, at the times they would have had."""
    store = open_store(settings)
    rounds = range(int(minutes * 6), -1, -1)
    store.write([point for number in rounds for point in seen(now - number * EVERY)])
    store.close()


def with_fields(points: Sequence[Point], measurement: str, **fields: float) -> list[Point]:
    return [replace(p, fields=p.fields | fields) if p.measurement == measurement else p for p in points]


@pytest.fixture
def waiting(bucket: Settings, tmp_path: Path) -> Settings:
    """A lab with 40 events in Kafka and no stream."""
    settings = replace(bucket, data_root="/alerts", events_topic="alert-events")
    empty_topic(settings)
    lines = [raw_line(time=f"2019-10-01 00:00:{n:02} UTC") for n in range(40)]
    replay(settings, inspect(csv_file(tmp_path / "oct.csv", *lines)))
    return settings


def test_events_that_wait_for_over_a_minute_without_a_batch_fire(waiting: Settings) -> None:
    now, catalog = dt.datetime.now(dt.UTC), Catalog(waiting)
    seen = look(waiting, catalog, now)
    watched(waiting, lambda at: [replace(point, time=at) for point in seen], now, minutes=1.5)
    assert fires(waiting, STALLED, now)
    assert not fires(waiting, LOST, now)


def test_events_that_have_waited_for_less_than_a_minute_do_not(waiting: Settings) -> None:
    now, catalog = dt.datetime.now(dt.UTC), Catalog(waiting)
    seen = look(waiting, catalog, now)
    watched(waiting, lambda at: [replace(point, time=at) for point in seen], now, minutes=0.5)
    assert not fires(waiting, STALLED, now)


def test_a_backlog_that_is_worked_off_does_not(waiting: Settings) -> None:
    """However old its events are: batches finish."""
    now, catalog = dt.datetime.now(dt.UTC), Catalog(waiting)
    seen = look(waiting, catalog, now)

    def working(at: dt.datetime) -> list[Point]:
        done = 1_000 - (now - at).total_seconds() // 60
        return with_fields([replace(point, time=at) for point in seen], "kafka", processed=done, waiting=2_000 - done)

    watched(waiting, working, now, minutes=3)
    assert not fires(waiting, STALLED, now)


def test_an_idle_lab_is_silent(ran: Settings, bucket: Settings) -> None:
    """The stream has done all there was, minutes ago."""
    idle = replace(ran, influx_bucket=bucket.influx_bucket)
    now = dt.datetime.now(dt.UTC)
    seen = look(idle, Catalog(idle), now)
    [kafka] = [point.fields for point in seen if point.measurement == "kafka"]
    assert kafka == {"messages": 200, "processed": 200, "waiting": 0}
    watched(idle, lambda at: [replace(point, time=at) for point in seen], now, minutes=30)
    assert not fires(idle, STALLED, now)
    assert not fires(idle, LOST, now)


def test_no_points_at_all_are_no_alarm(bucket: Settings) -> None:
    now = dt.datetime.now(dt.UTC)
    assert [fires(bucket, title, now) for title in RULES] == [False, False]
    assert {rule["noDataState"] for rule in RULES.values()} == {"OK"}


def test_a_killed_data_node_fires(settings: Settings, bucket: Settings, tmp_path: Path) -> None:
    """The NameNode takes some 30 s to believe it."""
    with running_lab(with_free_ports(replace(settings, home=tmp_path / "lab"))) as own:
        now = look_now(own, bucket)
        assert not fires(bucket, LOST, now)
        process.running(own)["datanode"].kill()
        wait_until(lambda: not gauges.hdfs(own)["live_datanodes"], 120, "the NameNode still believes in it")  # type: ignore[index]
        now = look_now(own, bucket)
        assert fires(bucket, LOST, now)
        assert not fires(bucket, STALLED, now)


def look_now(lab: Settings, bucket: Settings) -> dt.datetime:
    """A round of the watch in one lab, into a bucket; returns a time right after it."""
    points = look(lab, Catalog(lab), dt.datetime.now(dt.UTC))
    store = open_store(bucket)
    store.write(points)
    store.close()
    return points[0].time + dt.timedelta(seconds=1)


def test_two_nodes_down_to_one_fires_before_the_namenode_calls_it_dead(bucket: Settings) -> None:
    now = dt.datetime.now(dt.UTC)
    seen = look(bucket, Catalog(bucket), now)

    def one_gone(at: dt.datetime) -> list[Point]:
        live = 2 if now - at > dt.timedelta(minutes=2) else 1
        return with_fields([replace(point, time=at) for point in seen], "hdfs", live_datanodes=live)

    watched(bucket, one_gone, now, minutes=10)
    assert fires(bucket, LOST, now)
    assert not fires(bucket, LOST, now + dt.timedelta(minutes=59)), "an hour later one is what there is"


def test_rules_say_what_to_type_and_have_names_of_their_own() -> None:
    assert set(RULES) == {STALLED, LOST}
    assert len({rule["uid"] for rule in RULES.values()}) == 2
    for rule in RULES.values():
        assert rule["annotations"]["summary"]
        assert "./lab" in rule["annotations"]["description"]
        assert rule["condition"] == rule["data"][-1]["refId"]
        sources = [step["datasourceUid"] for step in rule["data"]]
        assert sources == ["shoplab-influxdb", "__expr__", "__expr__"]


def test_nothing_in_the_rules_looks_like_an_environment_variable() -> None:
    """Grafana would put one in its place."""
    assert "$" not in FILE.read_text(encoding="utf-8")


def test_rules_name_real_commands() -> None:
    text: Any = " ".join(rule["annotations"]["description"] for rule in RULES.values())
    for command in ("logs", "status", "stream", "verify", "up"):
        assert f"./lab {command}" in text
