"""The stream on the running lab: Kafka to HDFS in micro-batches, faults included."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from shoplab.behaviour.job import analyse
from shoplab.catalog import Catalog
from shoplab.ingest.job import ingest
from shoplab.ingest.mapping import load_mapping
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.recommend.job import train
from shoplab.recommend.rollback import roll_back_segments
from shoplab.schemas import USER
from shoplab.segments.job import Request, segment
from shoplab.settings import Settings
from shoplab.streaming.job import LiveJob, start_stream
from shoplab.streaming.replay import replay
from shoplab.streaming.topic import empty_topic
from shoplab.streaming.users import LiveUsers
from shoplab.streaming.verify import reconcile
from tests.data import csv_file, raw_line

REES46 = load_mapping(None)
CLICKS = ["view", "view", "cart", "view", "purchase"]


@pytest.fixture(scope="module")
def live(lab: Settings, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A lab with models trained on a small October, and an empty topic."""
    folder = tmp_path_factory.mktemp("live")
    settings = replace(lab, data_root="/live", events_topic="live-events", home=folder)
    october = csv_file(folder / "oct.csv", *[
        raw_line(time=f"2019-10-0{1 + n % 9} 10:{n % 60:02}:00 UTC", kind=CLICKS[n % 5], product=str(n % 12),
                 price=str(5 + n % 12), user=str(n % 30), session=f"o{n % 60}")
        for n in range(600)
    ])  # fmt: skip
    catalog = Catalog(settings, spark)
    ingest(catalog, october, REES46)
    analyse(catalog)
    segment(catalog, Request(k=3))
    train(catalog)
    empty_topic(settings)
    yield settings
    catalog.storage.delete("/live")


def november(path: Path, first: int, last: int) -> Path:
    """One event a user, numbered."""
    return csv_file(path, *[
        raw_line(time=f"2019-11-01 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02} UTC", product=str(n % 12),
                 price=str(5 + n % 12), user=str(n % 40), session=f"n{n % 40}")
        for n in range(first, last)
    ])  # fmt: skip


def drain(settings: Settings, spark: SparkSession, job: LiveJob) -> None:
    query = start_stream(settings, spark, job, drain=True)
    try:
        query.awaitTermination()
    finally:
        query.stop()


def test_events_features_segments_recommendations_and_metrics(
    live: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    store = EmbeddedStore(tmp_path / "metrics.db")
    job = LiveJob(live, store)
    bad = csv_file(tmp_path / "bad.csv", raw_line(kind="look", time="2019-11-01 00:00:00 UTC"))
    assert replay(live, november(tmp_path / "a.csv", 0, 100), REES46).events == 100
    replay(live, november(tmp_path / "b.csv", 90, 110), REES46)
    replay(live, bad, REES46)
    drain(live, spark, job)

    assert (sum(a.new for a in job.accounts), sum(a.duplicates for a in job.accounts)) == (110, 10)
    found = reconcile(live)
    assert (found.in_kafka, found.accounted, found.rejected, found.agrees) == (121, 121, 1, True)
    catalog = Catalog(live, spark)
    assert catalog.read("events").where("date = '2019-11-01'").count() == 110
    batch = f"batch={job.accounts[-1].batch:010}"
    assert {f.name: f.dataType for f in catalog.read("live/users").drop("batch").schema} == {
        f.name: f.dataType for f in USER
    }
    users = catalog.table("live/users", batch)
    assert set(users["month"]) == {"2019-11"}
    assert catalog.table("live/segments", batch)["user_id"].nunique() == len(users)
    listed = catalog.table("recommendations", batch)
    newcomer = listed[listed["user_id"] == "35"]  # users 30 to 39 are not in October
    assert list(newcomer["rank"]) == list(range(1, len(newcomer) + 1))
    assert not newcomer.empty
    assert newcomer["score"].is_monotonic_decreasing
    assert [sum(dict(parts).values()) for parts in newcomer["sources"]] == pytest.approx(list(newcomer["score"]))
    [point] = store.query("stream_batch")[-1:]
    assert point.fields["rows"] == job.accounts[-1].rows
    assert {p.tags["event_type"] for p in store.query("activity")} == {"view"}
    assert store.query("segment_size")


def test_a_batch_that_dies_is_done_again_and_nothing_is_doubled(
    live: Settings, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = EmbeddedStore(tmp_path / "metrics.db")
    replay(live, november(tmp_path / "c.csv", 200, 260), REES46)
    dying = LiveJob(live, store)

    def dies(*_: object) -> int:
        raise RuntimeError("killed after the events were stored")

    monkeypatch.setattr(dying.users, "recommend", dies)
    with pytest.raises(StreamingQueryException, match="killed after the events were stored"):
        drain(live, spark, dying)
    catalog = Catalog(live, spark)
    assert catalog.read("events").where("user_id = '0' and date >= '2019-11-01'").count() == 5
    job = LiveJob(live, store)
    drain(live, spark, job)
    assert catalog.read("events").where("date = '2019-11-01'").count() == 170
    assert [account.rows for account in job.accounts] == [60]
    assert reconcile(live).agrees
    assert len(store.query("stream_batch")) == 1


def test_a_newer_model_is_taken_up_by_the_next_batch(live: Settings, spark: SparkSession, tmp_path: Path) -> None:
    job = LiveJob(live, EmbeddedStore(tmp_path / "metrics.db"))
    catalog = Catalog(live, spark)
    first = job.users._current_recommender(catalog)
    train(catalog)
    second = job.users._current_recommender(catalog)
    assert first is not None
    assert second is not None
    assert first.version < second.version


def test_going_back_to_older_models_is_taken_up_by_the_next_batch(
    live: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    users, catalog = LiveJob(live, EmbeddedStore(tmp_path / "metrics.db")).users, Catalog(live, spark)
    older = _taken_up(users, catalog)
    train(catalog)
    segment(catalog, Request(k=4))
    newer = _taken_up(users, catalog)
    assert newer[0] > older[0]
    assert [len(found) for found in (*older[1:], *newer[1:])] == [3, 3, 4, 4]
    catalog.rollback("models/recommender")
    roll_back_segments(catalog)
    assert _taken_up(users, catalog) == older


def _taken_up(users: LiveUsers, catalog: Catalog) -> tuple[str, set[str], set[str]]:
    """The recommender's version, the segments of the model, and those whose sizes are counted."""
    recommender, segmentation = users._current_recommender(catalog), users._current_segmentation(catalog)
    assert recommender is not None
    assert segmentation is not None
    assert users._sizes is not None
    return recommender.version, set(segmentation.kmeans.names), set(users._sizes._users)
