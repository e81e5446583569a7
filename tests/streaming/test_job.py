"""The stream on the running lab: Kafka to HDFS in micro-batches, faults included."""

import logging
from dataclasses import replace

import pytest
from pyspark.sql import SparkSession

from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog, struct
from shoplab.core.kafka import empty_topic
from shoplab.core.schemas import USER
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.streaming.accounts import Accounts
from shoplab.streaming.audit.balance import balance
from shoplab.streaming.job import BatchFailedError, LiveJob
from shoplab.streaming.query import streaming
from shoplab.streaming.state.files import StateFiles
from shoplab.streaming.state.state import StreamState
from tests.streaming.conftest import FirstRun, Stream, drain


def test_events_features_segments_and_metrics(live: Settings, spark: SparkSession, first_run: FirstRun) -> None:
    accounts = first_run.accounts
    assert (sum(a.new for a in accounts), sum(a.duplicates for a in accounts)) == (110, 10)
    found = balance(live)
    assert (found.in_kafka, found.accounted, found.rejected, found.on_hdfs) == (121, 121, 1, 110)
    assert found.closes
    catalog = SparkCatalog(live, spark)
    assert catalog.read("events").where("date = '2019-11-01'").count() == 110
    batch = f"batch={accounts[-1].batch:010}"
    assert {f.name: f.dataType for f in catalog.read("live/users").drop("batch").schema} == {
        f.name: f.dataType for f in struct(USER)
    }
    users = catalog.table("live/users", batch)
    assert set(users["month"]) == {"2019-11"}
    assert catalog.table("live/segments", batch)["user_id"].nunique() == len(users)
    store = first_run.store
    [point] = store.query("stream_batch")[-1:]
    assert point.fields["rows"] == accounts[-1].rows
    assert {p.tags["event_type"] for p in store.query("activity")} == {"view"}
    assert store.query("segment_size")


@pytest.mark.parametrize("step", ["memory.write", "publisher.publish", "accounts.write"])
def test_a_batch_that_dies_is_done_again_and_leaves_the_same(
    stream: Stream, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.send(0, 60)
    assert [account.new for account in stream.drain()] == [60]
    stream.send(50, 120)
    dying = LiveJob(stream.settings, stream.store)
    part, name = step.split(".")
    does = getattr(getattr(dying, part), name)

    def dies(*arguments: object) -> None:
        does(*arguments)
        raise RuntimeError("killed after that step")

    monkeypatch.setattr(getattr(dying, part), name, dies)
    with pytest.raises(BatchFailedError, match="killed after that step"):
        stream.drain(dying)
    again, account = stream.drain(), Accounts(stream.catalog).newest()
    assert account
    assert again == ([] if step == "accounts.write" else [account])
    assert (account.rows, account.new, account.duplicates) == (70, 60, 10)
    assert account.days == {"2019-11-01": 60}
    assert (stream.events(), balance(stream.settings).closes) == (120, True)


def test_a_second_stream_is_refused_and_names_the_first(stream: Stream) -> None:
    stream.send(0, 10)
    with (
        streaming(stream.settings, stream.spark, LiveJob(stream.settings, stream.store)),
        pytest.raises(LabError, match=r"another stream is running \(process \d+ on"),
    ):
        drain(stream.settings, stream.spark, LiveJob(stream.settings, stream.store))
    assert sum(account.new for account in stream.drain()) <= 10
    assert (stream.events(), balance(stream.settings).closes) == (10, True)


def test_events_without_session_that_come_again_are_known(stream: Stream) -> None:
    stream.send(0, 30, session="")
    stream.drain()
    stream.send(0, 40, session="")
    [account] = stream.drain()
    assert (account.new, account.duplicates, account.filled) == (10, 30, 10)


def test_a_visit_over_the_edge_of_two_batches_is_one(stream: Stream) -> None:
    """An event a minute of one user, without sessions, in two batches."""
    for first in (0, 20):
        stream.send(first, first + 20, session="", user="7")
        stream.drain()
    newest = f"batch={1:010}"
    assert list(stream.catalog.table("live/sessions", newest)["events"]) == [40]
    assert list(stream.catalog.table("live/users", newest)["sessions"]) == [1]


def test_events_that_vanish_from_hdfs_are_missed_by_name(stream: Stream) -> None:
    stream.send(0, 60)
    stream.drain()
    [path] = [path for path in stream.catalog.storage.walk("/stream/processed/events") if "/stream-" in path]
    stream.catalog.storage.delete(path)
    assert balance(stream.settings).faults == ["batch 0, 2019-11-01: 60 events were stored, 0 are there"]


def test_a_lost_checkpoint_goes_on_where_the_last_account_ends(stream: Stream) -> None:
    stream.send(0, 60)
    stream.drain()
    stream.catalog.storage.delete("/stream/temp/checkpoints")
    stream.send(60, 80)
    [account] = stream.drain()
    assert (account.batch, account.new) == (1, 20)
    assert (stream.events(), balance(stream.settings).closes) == (80, True)


def test_a_topic_made_anew_is_taken_from_its_start(stream: Stream) -> None:
    """Also where it has grown past the old offsets."""
    stream.send(0, 30)
    stream.drain()
    empty_topic(stream.settings)
    stream.send(30, 100)
    assert sum(account.new for account in stream.drain()) == 70
    assert stream.events() == 100
    found = balance(stream.settings)
    assert (found.in_kafka, found.accounted, found.on_hdfs, found.closes) == (70, 70, 100, True)


def test_a_lost_memory_is_made_from_the_stored_events(stream: Stream) -> None:
    stream.send(0, 60)
    stream.drain()
    stream.catalog.storage.delete("/stream/temp/stream-state")
    stream.send(50, 100)
    [account] = stream.drain()
    assert (account.new, account.duplicates) == (40, 10)
    users = stream.catalog.table("live/users", f"batch={account.batch:010}").set_index("user_id")
    assert users.loc["10", "events"] == 3  # two of them stored before


def test_a_memory_read_while_spark_starts_is_not_read_again(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    stream.send(0, 60)
    stream.drain()
    read: list[int] = []
    restore = StateFiles.restore

    def noted(files: StateFiles, batch: int) -> StreamState | None:
        read.append(batch)
        return restore(files, batch)

    monkeypatch.setattr(StateFiles, "restore", noted)
    job = LiveJob(stream.settings, stream.store)
    job.memory.read_early()
    stream.send(50, 100)
    [account] = stream.drain(job)
    assert (account.new, account.duplicates, read) == (40, 10, [0])


def test_a_memory_is_made_once_on_a_topic_that_is_empty_yet(
    stream: Stream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stream.send(0, 10)
    stream.drain()
    empty_topic(stream.settings)
    stream.catalog.storage.delete("/stream/temp/stream-state")
    job = LiveJob(replace(stream.settings, trigger="100ms"), stream.store)
    skipped: list[int] = []
    skip = job.memory.skip
    monkeypatch.setattr(job.memory, "skip", lambda batch: (skipped.append(batch), skip(batch)))
    with caplog.at_level(logging.WARNING), streaming(job.settings, stream.spark, job) as running:
        wait_until(lambda: skipped, 30, "Spark's first batch had rows")
        stream.send(10, 30)
        running.process_all()
    assert len([line for line in caplog.messages if "takes up the stored events" in line]) == 1
    assert (stream.events(), balance(stream.settings).closes) == (30, True)


def test_a_memory_read_too_early_is_read_again(stream: Stream, caplog: pytest.LogCaptureFixture) -> None:
    """As where another stream has gone on since then, or a backfill wants it made anew."""
    stream.send(0, 60)
    stream.drain()
    job = LiveJob(stream.settings, stream.store)
    job.memory.read_early().result()
    stream.send(60, 70)
    stream.drain()
    stream.send(50, 80)
    [account] = stream.drain(job)
    assert (account.new, account.duplicates) == (10, 20)
    job = LiveJob(stream.settings, stream.store)
    job.memory.read_early().result()
    stream.catalog.storage.delete("/stream/temp/stream-state")
    stream.send(70, 90)
    with caplog.at_level(logging.WARNING):
        [account] = stream.drain(job)
    assert (account.new, account.duplicates) == (10, 10)
    assert "the stream takes up the stored events of 2019-11" in caplog.messages


def test_a_memory_made_from_stored_events_knows_those_without_session(stream: Stream) -> None:
    stream.send(0, 60, session="")
    stream.drain()
    stream.catalog.storage.delete("/stream/temp/stream-state")
    stream.send(50, 100, session="")
    [account] = stream.drain()
    assert (account.new, account.duplicates, stream.events()) == (40, 10, 100)


def test_accounts_are_in_the_order_of_batches(stream: Stream) -> None:
    for first in (0, 10, 20):
        stream.send(first, first + 10)
        stream.drain()
    accounts = list(Accounts(stream.catalog).all())
    assert [account.batch for account in accounts] == [0, 1, 2]
    assert Accounts(stream.catalog).newest() == accounts[-1]


def test_what_cannot_be_read_now_does_not_stop_the_stream(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when `./lab analyse` replaces a table that a batch looks at."""
    job = LiveJob(stream.settings, stream.store)

    def vanished(*_: object) -> None:
        raise FileNotFoundError("part-0.parquet")

    monkeypatch.setattr(job.models, "_take_levels", vanished)
    stream.send(0, 20)
    assert [account.new for account in stream.drain(job)] == [20]
    monkeypatch.undo()
    stream.send(20, 30)
    assert [account.new for account in stream.drain(job)] == [10]
    assert "levels" in job.models._versions


def test_accounts_of_an_earlier_version_do_not_stop_the_stream(stream: Stream) -> None:
    stream.send(0, 30)
    stream.drain()
    accounts = stream.catalog.path("live", "accounts", f"batch={0:010}.json")
    said = stream.catalog.storage.read_json(accounts)
    older = {name: said[name] for name in said if name not in ("topic", "offsets", "filled", "days", "steps_ms")}
    stream.catalog.storage.write_json(accounts, older | {"recommended": 3})
    stream.catalog.storage.delete("/stream/temp")
    [account] = stream.drain()
    assert (account.batch, account.new, account.duplicates) == (1, 0, 30)
    assert stream.events() == 30


def test_the_trigger_is_a_setting(stream: Stream) -> None:
    quick = replace(stream.settings, trigger="500ms")
    with streaming(quick, stream.spark, LiveJob(quick, stream.store)) as running:
        assert "500" in running.query._jsq.streamingQuery().trigger().toString()
