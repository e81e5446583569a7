"""What `./lab verify` sees, and what `--repair` makes whole again."""

from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest
from click.testing import CliRunner

from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog
from shoplab.core.kafka import empty_topic
from shoplab.events.job import ingest
from shoplab.events.mapping import load_mapping
from shoplab.events.sources import inspect
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.metrics.point import from_json, to_json
from shoplab.metrics.spool import waiting_points
from shoplab.metrics.store import open_store
from shoplab.streaming.accounts import Accounts
from shoplab.streaming.audit.balance import balance
from shoplab.streaming.audit.commands import verify
from shoplab.streaming.audit.deep import deep_faults
from shoplab.streaming.audit.points import send_points
from shoplab.streaming.audit.repair import repair
from shoplab.streaming.audit.source import compare
from shoplab.streaming.lease import stream_lease
from tests.data import csv_file, raw_line
from tests.streaming.conftest import Stream


def mended(stream: Stream) -> list[str]:
    """What repair says."""
    said: list[str] = []
    repair(stream.settings, stream.spark, stream.store, said.append)
    return said


def everything(stream: Stream) -> list[tuple[object, ...]]:
    return sorted(map(tuple, SparkCatalog(stream.settings, stream.spark).read("events").collect()), key=str)


def test_all_is_well_after_an_ordinary_run(stream: Stream) -> None:
    stream.send(0, 60)
    stream.drain()
    stream.send(50, 90)
    stream.drain()
    assert (balance(stream.settings).closes, deep_faults(stream.settings, stream.store)) == (True, [])
    assert mended(stream) == []


def test_events_that_vanished_are_made_again_from_kafka_as_they_were(stream: Stream) -> None:
    stream.send(0, 60, session="")
    stream.drain()
    stream.send(50, 120, session="")
    stream.drain()
    before = everything(stream)
    for path in stream.catalog.storage.walk(stream.catalog.path("events")):
        stream.catalog.storage.delete(path)
    assert not balance(stream.settings).closes
    assert mended(stream) == [
        "batch 0, 2019-11-01: 60 of 60 events are there again",
        "batch 1, 2019-11-01: 60 of 60 events are there again",
    ]
    assert everything(stream) == before
    assert (balance(stream.settings).closes, deep_faults(stream.settings, stream.store)) == (True, [])


def test_what_kafka_has_no_longer_is_named(stream: Stream) -> None:
    stream.send(0, 60)
    stream.drain()
    empty_topic(stream.settings)
    stream.send(60, 80)
    stream.drain()
    for path in stream.catalog.storage.walk(stream.catalog.path("events")):
        stream.catalog.storage.delete(path)
    assert mended(stream) == [
        "batch 0, 2019-11-01: Kafka has its records no longer",
        "batch 1, 2019-11-01: 20 of 20 events are there again",
        "the stream's memory is made from the stored events when it starts next",
    ]


def test_an_event_stored_twice_and_a_file_of_no_batch_are_found(stream: Stream) -> None:
    stream.send(0, 60)
    stream.drain()
    [path] = stream.catalog.storage.walk(stream.catalog.path("events"))
    stray = path.replace("stream-0000000000", "stream-0000000007")
    stream.catalog.storage.write(stray, stream.catalog.storage.read(path))
    assert balance(stream.settings).faults == [f"{stray} belongs to no batch that was finished"]
    assert "2019-11-01: 60 events are stored more than once" in deep_faults(stream.settings, stream.store)
    assert mended(stream)[0] == f"deleted {stray}, of no finished batch"
    assert deep_faults(stream.settings, stream.store) == []


def test_users_that_the_memory_does_not_know_are_missed(stream: Stream, tmp_path: Path) -> None:
    stream.send(0, 60)
    stream.drain()
    other = csv_file(tmp_path / "other.csv", raw_line(time="2019-11-02 10:00:00 UTC", user="99", session="o"))
    ingest(SparkCatalog(stream.settings, stream.spark), inspect(other, load_mapping("rees46")))
    [said] = deep_faults(stream.settings, stream.store)
    assert said == "the stream's memory has 40 users of 2019-11, the events on HDFS are of 41"
    mended(stream)
    stream.send(60, 70)
    stream.drain()
    assert deep_faults(stream.settings, stream.store) == []


def test_points_that_never_went_are_missed_and_sent_again(stream: Stream, tmp_path: Path) -> None:
    stream.send(0, 60)
    stream.drain()
    empty = EmbeddedStore(tmp_path / "empty.db")
    assert deep_faults(stream.settings, empty) == [
        "1 batches have no point in the metric store, the first of them batch 0"
    ]
    lost = replace_store(stream, empty)
    assert mended(lost) == ["points of 1 batches were sent again"]
    assert empty.query("activity") == stream.store.query("activity")


def test_points_of_the_last_batches_are_sent_again_at_a_start(stream: Stream, tmp_path: Path) -> None:
    stream.send(0, 60)
    stream.drain()
    empty = EmbeddedStore(tmp_path / "empty.db")
    replace_store(stream, empty).drain()
    assert empty.query("activity") == stream.store.query("activity")


def replace_store(stream: Stream, store: EmbeddedStore) -> Stream:
    other = Stream(stream.settings, stream.spark, stream.folder)
    other.store = store
    return other


def test_a_file_is_compared_with_what_is_stored(stream: Stream) -> None:
    stream.send(0, 60, session="")
    stream.drain()
    whole = stream.file(0, 70, session="")
    said = list(compare(SparkCatalog(stream.settings, stream.spark), inspect(whole, load_mapping("rees46"))).lines())
    assert said[0].startswith("0.csv: 70 rows = 70 events + 0 repeated + 0 rejected; 60 of the events are on HDFS")
    assert len(said) == 4


def test_nothing_is_repaired_beside_a_stream(stream: Stream) -> None:
    lease = stream_lease(stream.catalog, stream.settings)
    lease.acquire()
    with pytest.raises(LabError, match="another stream is running"):
        mended(stream)
    lease.release()


def test_late_events_are_stored_and_counted(stream: Stream) -> None:
    stream.send(60, 120)
    [account] = stream.drain()
    assert (account.new, account.late) == (60, 0)
    stream.send(0, 60)  # an hour before the newest, and more
    stream.send(95, 96, session="another")  # less than half an hour before it
    [account] = stream.drain()
    assert (account.new, account.late) == (61, 60)
    assert balance(stream.settings).late == 60
    [point] = stream.store.query("stream_batch")[-1:]
    assert point.fields["late"] == 60


def test_beside_a_running_stream_what_is_on_its_way_is_no_fault(stream: Stream, tmp_path: Path) -> None:
    stream.send(0, 60)
    stream.drain()
    settings = replace(stream.settings, home=tmp_path / "without points")
    said = CliRunner().invoke(verify, obj=settings)
    assert (said.exit_code, "no point in the metric store" in said.output) == (1, True)
    lease = stream_lease(stream.catalog, stream.settings)
    lease.acquire()
    late = Timer(1, lambda: send_points(stream.catalog, open_store(settings), list(Accounts(stream.catalog).all())))
    late.start()
    said = CliRunner().invoke(verify, obj=settings)
    lease.release()
    assert (said.exit_code, "accounted for" in said.output) == (0, True), said.output


def test_a_lease_that_nobody_can_read_keeps_no_stream_out(stream: Stream) -> None:
    lease = stream_lease(stream.catalog, stream.settings)
    folder = stream.catalog.path("temp", "stream-lease", stream.settings.events_topic)
    stream.catalog.storage.write(f"{folder}/holder=00000000", b"")
    lease.acquire()
    lease.check()
    lease.release()


def test_points_that_go_in_while_they_are_looked_at_wait_no_longer(stream: Stream) -> None:
    stream.send(0, 60)
    stream.drain()
    [points] = [from_json(account.points.encode()) for account in Accounts(stream.catalog).all()]
    folder, storage = stream.catalog.path("temp", "metrics-spool"), stream.catalog.storage
    for number in (1, 2):
        storage.write(f"{folder}/{number:010}-a.json", to_json(points))
    waiting = waiting_points(storage, folder)
    first = next(waiting)
    storage.delete(f"{folder}/0000000002-a.json")
    assert [first, *waiting] == points
