"""The stream on the running lab: Kafka to HDFS in micro-batches, faults included."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from shoplab.core.catalog import Catalog
from shoplab.core.frames import SparkCatalog, struct
from shoplab.core.schemas import USER
from shoplab.core.settings import Settings
from shoplab.events.sources import inspect
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.recommend.job import train
from shoplab.rollback import roll_back_segments
from shoplab.segments.job import SegmentRequest, segment
from shoplab.streaming.job import BatchAccount, LiveJob, start_stream
from shoplab.streaming.replay import replay
from shoplab.streaming.users import LiveUsers
from shoplab.streaming.verify import reconcile
from tests.streaming.conftest import FirstRun, drain, november


def test_events_features_segments_recommendations_and_metrics(
    live: Settings, spark: SparkSession, first_run: FirstRun
) -> None:
    accounts = first_run.accounts
    assert (sum(a.new for a in accounts), sum(a.duplicates for a in accounts)) == (110, 10)
    found = reconcile(live)
    assert (found.in_kafka, found.accounted, found.rejected, found.agrees) == (121, 121, 1, True)
    catalog = SparkCatalog(live, spark)
    assert catalog.read("events").where("date = '2019-11-01'").count() == 110
    batch = f"batch={accounts[-1].batch:010}"
    assert {f.name: f.dataType for f in catalog.read("live/users").drop("batch").schema} == {
        f.name: f.dataType for f in struct(USER)
    }
    users = catalog.table("live/users", batch)
    assert set(users["month"]) == {"2019-11"}
    assert catalog.table("live/segments", batch)["user_id"].nunique() == len(users)
    _is_a_list(catalog.table("recommendations", batch), "65")  # users 60 to 69 are not in October
    store = first_run.store
    [point] = store.query("stream_batch")[-1:]
    assert point.fields["rows"] == accounts[-1].rows
    assert {p.tags["event_type"] for p in store.query("activity")} == {"view"}
    assert store.query("segment_size")


def _is_a_list(listed: pd.DataFrame, user: str) -> None:
    theirs = listed[listed["user_id"] == user]
    assert list(theirs["rank"]) == list(range(1, len(theirs) + 1))
    assert not theirs.empty
    assert theirs["score"].is_monotonic_decreasing
    assert [sum(dict(parts).values()) for parts in theirs["sources"]] == pytest.approx(list(theirs["score"]))


@pytest.mark.usefixtures("first_run")
def test_a_batch_that_dies_is_done_again_and_nothing_is_doubled(
    live: Settings, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = EmbeddedStore(tmp_path / "metrics.db")
    replay(live, inspect(november(tmp_path / "c.csv", 200, 260)))
    dying = LiveJob(live, store)

    def dies(*_: object) -> int:
        raise RuntimeError("killed after the events were stored")

    monkeypatch.setattr(dying.users, "recommend", dies)
    with pytest.raises(StreamingQueryException, match="killed after the events were stored"):
        drain(live, spark, dying)
    catalog = SparkCatalog(live, spark)
    assert catalog.read("events").where("user_id = '30' and date >= '2019-11-01'").count() == 5
    accounts: list[BatchAccount] = []
    drain(live, spark, LiveJob(live, store, accounts.append))
    assert catalog.read("events").where("date = '2019-11-01'").count() == 170
    assert [account.rows for account in accounts] == [60]
    assert reconcile(live).agrees
    assert len(store.query("stream_batch")) == 1


def test_the_trigger_is_a_setting(live: Settings, spark: SparkSession, tmp_path: Path) -> None:
    quick = replace(live, trigger="500ms")
    query = start_stream(quick, spark, LiveJob(quick, EmbeddedStore(tmp_path / "metrics.db")))
    try:
        assert "500" in query._jsq.streamingQuery().trigger().toString()
    finally:
        query.stop()


def test_a_newer_model_is_taken_up_by_the_next_batch(live: Settings, spark: SparkSession, tmp_path: Path) -> None:
    job = LiveJob(live, EmbeddedStore(tmp_path / "metrics.db"))
    catalog = SparkCatalog(live, spark)
    first = job.users._current_recommender(catalog)
    train(catalog)
    second = job.users._current_recommender(catalog)
    assert first is not None
    assert second is not None
    assert first.version < second.version


def test_going_back_to_older_models_is_taken_up_by_the_next_batch(
    live: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    users, catalog = LiveJob(live, EmbeddedStore(tmp_path / "metrics.db")).users, SparkCatalog(live, spark)
    older = _taken_up(users, catalog)
    train(catalog)
    segment(catalog, SegmentRequest(k=4))
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
