"""The lab's view of itself, on the running servers and with none."""

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from shoplab.core import kafka
from shoplab.core.catalog import Catalog
from shoplab.core.errors import ServiceError
from shoplab.core.kafka import empty_topic
from shoplab.core.settings import Settings
from shoplab.events.sources import inspect
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.metrics.point import Point
from shoplab.monitor import gauges
from shoplab.monitor.watch import Watch, look
from shoplab.streaming.replay import replay
from tests.data import csv_file, raw_line
from tests.monitor.spark_master import standalone_spark

NOON = dt.datetime(2019, 11, 1, 12, tzinfo=dt.UTC)


def fields(points: Sequence[Point]) -> dict[str, dict[str, object]]:
    """Measurement (and tag) -> fields."""
    return {"/".join([point.measurement, *point.tags.values()]): dict(point.fields) for point in points}


@pytest.fixture
def gone(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A lab of which nothing runs."""
    monkeypatch.setattr(kafka, "CONNECT_MS", 500)
    dead = {"webhdfs_url": "http://127.0.0.1:9", "kafka_bootstrap": "127.0.0.1:9"}
    return replace(settings, home=tmp_path, **dead)  # type: ignore[arg-type]


def test_what_the_running_lab_looks_like(lab: Settings, tmp_path: Path) -> None:
    settings = replace(lab, data_root="/watch", events_topic="watch-events")
    empty_topic(settings)
    lines = [raw_line(time=f"2019-10-01 00:00:{n:02} UTC") for n in range(50)]
    replay(settings, inspect(csv_file(tmp_path / "oct.csv", *lines)))
    catalog = Catalog(settings)
    catalog.storage.write("/watch/file", b"x" * 1000)
    points = look(settings, catalog, NOON)
    assert {point.time for point in points} == {NOON}
    found = fields(points)
    assert found["kafka"] == {"messages": 50, "processed": 0, "waiting": 50}
    well = {"live_datanodes": 1, "dead_datanodes": 0, "safemode": 0, "missing_blocks": 0}
    assert found["hdfs"] | well == found["hdfs"]
    assert 1000 <= found["hdfs"]["used_bytes"] < found["hdfs"]["capacity_bytes"]  # type: ignore[operator]
    assert found["hdfs"]["files"] >= 3  # type: ignore[operator]
    assert {name: up for name, up in found.items() if name.startswith("service_up")} == {
        "service_up/namenode": {"up": 1}, "service_up/datanode": {"up": 1}, "service_up/kafka": {"up": 1},
    }  # fmt: skip
    assert "spark" not in found


def test_a_standalone_spark_is_seen_too(settings: Settings, tmp_path: Path) -> None:
    with standalone_spark(settings, tmp_path) as with_spark:
        assert gauges.spark(with_spark) == {"workers": 1, "cores": 2, "cores_used": 0, "apps": 0}
    assert gauges.spark(with_spark) is None


def test_where_the_masters_page_is(settings: Settings) -> None:
    for master, page in {
        "local[*]": "",
        "yarn": "",
        "k8s://https://host:6443": "",
        "spark://spark-master:7077": "http://spark-master:6665",
        "spark://one:7077,two:7077": "http://one:8080",
        "spark://127.0.0.1:7077": "http://127.0.0.1:18888",
    }.items():
        assert gauges.master_page(replace(settings, spark_master=master, spark_master_port=18888)) == page


def test_servers_that_do_not_answer_are_down_and_say_nothing_else(gone: Settings) -> None:
    alone = replace(gone, spark_master="spark://127.0.0.1:9", spark_master_port=9)
    assert fields(look(alone, Catalog(alone), NOON)) == {
        f"service_up/{name}": {"up": 0} for name in ("namenode", "datanode", "kafka", "spark-master")
    }


class AwayStore(EmbeddedStore):
    away = True

    def write(self, points: Sequence[Point]) -> None:
        if self.away:
            raise ServiceError("InfluxDB does not answer")
        super().write(points)


def test_rounds_go_on_while_the_store_is_away_and_one_line_says_so(
    gone: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = AwayStore(tmp_path / "metrics.db")
    watch = Watch(gone, store)
    with caplog.at_level(logging.WARNING):
        watch.round()
        watch.round()
    assert [record.message for record in caplog.records if record.name == "shoplab.monitor.watch"] == [
        "the lab's own metrics are dropped until this is mended: InfluxDB does not answer"
    ]
    store.away = False
    watch.round()
    assert len(store.query("service_up")) == 3


def test_a_round_brings_what_others_counted(gone: Settings, tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "metrics.db")
    Watch(gone, store, lambda at: [Point("counted", {}, {"x": 1}, at)]).round()
    assert [point.fields for point in store.query("counted")] == [{"x": 1.0}]
    assert store.query("counted")[0].time == store.query("service_up")[0].time
