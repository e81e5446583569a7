"""A lab whose stream has run once: Kafka to HDFS in micro-batches."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplab.behaviour.job import analyse
from shoplab.core.catalog import Catalog
from shoplab.core.frames import SparkCatalog
from shoplab.core.kafka import empty_topic
from shoplab.core.settings import Settings
from shoplab.events.job import ingest
from shoplab.events.mapping import load_mapping
from shoplab.events.sources import inspect
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.recommend.job import train
from shoplab.segments.job import SegmentRequest, segment
from shoplab.streaming import compaction
from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.job import LiveJob
from shoplab.streaming.query import streaming
from shoplab.streaming.replay import replay
from tests.data import csv_file, month_file, raw_line

REES46 = load_mapping("rees46")


@dataclass(frozen=True)
class FirstRun:
    accounts: list[BatchAccount]
    store: EmbeddedStore


@pytest.fixture(scope="session")
def live(lab: Settings, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A lab with models trained on a small October of users 0 to 59, and an empty topic."""
    folder = tmp_path_factory.mktemp("live")
    settings = replace(lab, data_root="/live", events_topic="live-events", home=folder)
    catalog = SparkCatalog(settings, spark)
    ingest(catalog, inspect(month_file(folder / "oct.csv", 10, 600), REES46))
    analyse(catalog)
    segment(catalog, SegmentRequest(k=3))
    train(catalog)
    empty_topic(settings)
    yield settings
    catalog.storage.delete("/live")


@pytest.fixture(scope="session")
def first_run(live: Settings, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    """110 events of November by users 30 to 69, ten of them twice, and a bad one, streamed."""
    folder = tmp_path_factory.mktemp("november")
    run = FirstRun([], EmbeddedStore(folder / "metrics.db"))
    bad = csv_file(folder / "bad.csv", raw_line(kind="look", time="2019-11-01 00:00:00 UTC"))
    assert replay(live, inspect(november(folder / "a.csv", 0, 100))).events == 100
    replay(live, inspect(november(folder / "b.csv", 90, 110)))
    replay(live, inspect(bad))
    drain(live, spark, LiveJob(live, run.store, run.accounts.append))
    return run


def november(path: Path, first: int, last: int) -> Path:
    """One event a user, numbered."""
    return csv_file(path, *[
        raw_line(time=f"2019-11-01 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02} UTC", product=str(n % 12),
                 price=str(5 + n % 12), user=str(30 + n % 40), session=f"n{n % 40}")
        for n in range(first, last)
    ])  # fmt: skip


def drain(settings: Settings, spark: SparkSession, job: LiveJob) -> None:
    with streaming(settings, spark, job, drain=True) as running:
        running.wait()


class Stream:
    """A stream of its own, over an empty lab."""

    def __init__(self, settings: Settings, spark: SparkSession, folder: Path) -> None:
        self.settings, self.spark, self.folder = settings, spark, folder
        self.store = EmbeddedStore(folder / "metrics.db")
        self.catalog = Catalog(settings)

    def send(self, first: int, last: int, **columns: str) -> None:
        """Events of one minute each."""
        replay(self.settings, inspect(self.file(first, last, **columns)))

    def file(self, first: int, last: int, **columns: str) -> Path:
        path = self.folder / f"{first}.csv"
        lines = [
            raw_line(
                time=f"2019-11-01 {n // 60:02}:{n % 60:02}:00 UTC",
                product=str(n % 12),
                **({"user": str(n % 40), "session": f"s{n % 40}"} | columns),
            )
            for n in range(first, last)
        ]
        return csv_file(path, *lines)

    def drain(self, job: LiveJob | None = None) -> list[BatchAccount]:
        accounts: list[BatchAccount] = []
        job = job or LiveJob(self.settings, self.store)
        job.on_batch = accounts.append
        drain(self.settings, self.spark, job)
        return accounts

    def events(self) -> int:
        return SparkCatalog(self.settings, self.spark).read("events").count()


@pytest.fixture
def stream(lab: Settings, spark: SparkSession, tmp_path: Path) -> Iterator[Stream]:
    settings = replace(lab, data_root="/stream", events_topic="stream-events", home=tmp_path)
    empty_topic(settings)
    made = Stream(settings, spark, tmp_path)
    yield made
    made.catalog.storage.delete("/stream")


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four batches are enough."""
    monkeypatch.setattr(compaction, "BEHIND", 1)
    monkeypatch.setattr(compaction, "SMALL", 2)
