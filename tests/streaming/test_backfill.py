"""A stored day done again by today's code and rules. What has changed meanwhile is which days events may be of."""

import io
from dataclasses import replace

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from shoplab.core.errors import LabError
from shoplab.core.kafka import delete_records
from shoplab.events.sources import inspect
from shoplab.streaming.accounts import Accounts, BatchAccount
from shoplab.streaming.audit.backfill import backfill
from shoplab.streaming.audit.balance import balance
from shoplab.streaming.audit.deep import deep_faults
from shoplab.streaming.audit.files import event_files
from shoplab.streaming.commands import stream as command
from shoplab.streaming.events_file import BATCHES, EventsFile, events_file, rows_by_batch
from shoplab.streaming.lease import stream_lease
from shoplab.streaming.replay import replay
from tests.data import csv_file, raw_line
from tests.streaming.conftest import Stream
from tests.streaming.test_audit import everything

FIRST, SECOND = "2019-11-01", "2019-11-02"


def taken(stream: Stream, *days: str, first: int = 0, last: int = 60) -> BatchAccount:
    """One batch: events of these days, a minute apart, without sessions."""
    lines = [
        raw_line(time=f"{day} 10:{n % 60:02}:00 UTC", user=str(n % 20), product=str(n), session="")
        for day in days for n in range(first, last)
    ]  # fmt: skip
    replay(stream.settings, inspect(csv_file(stream.folder / "part.csv", *lines)))
    [account] = stream.drain()
    return account


def by_rules(stream: Stream, first_day: str, last_day: str) -> Stream:
    """The same lab, where events may be of other days."""
    settings = replace(stream.settings, first_day=first_day, last_day=last_day)
    other = Stream(settings, stream.spark, stream.folder)
    other.store.close()
    other.store = stream.store
    return other


def done(stream: Stream, day: str) -> tuple[bool, list[str]]:
    said: list[str] = []
    return backfill(stream.settings, stream.spark, stream.store, day, said.append), said


def accounts(stream: Stream) -> list[BatchAccount]:
    return list(Accounts(stream.catalog).all())


def faults(stream: Stream) -> list[str]:
    return balance(stream.settings).faults + deep_faults(stream.settings, stream.store)


def test_where_nothing_changed_all_stays_as_it_is(stream: Stream) -> None:
    taken(stream, FIRST)
    taken(stream, FIRST, SECOND, first=50, last=80)
    before, files, accounted = everything(stream), event_files(stream.catalog), accounts(stream)
    sums = "80 events of the day; in these batches 110 new + 10 duplicates + 0 rejected"
    assert done(stream, FIRST) == (
        True, [f"{FIRST}: 2 batches done again, 0 of them changed", f"before: {sums}", f"now: {sums}"],
    )  # fmt: skip
    assert (everything(stream), event_files(stream.catalog), accounts(stream)) == (before, files, accounted)
    assert stream.catalog.storage.names(stream.catalog.path("temp", "stream-state"))
    assert faults(stream) == []


def test_events_that_a_mended_rule_lets_in_are_stored_and_accounted_for(stream: Stream) -> None:
    strict, mended = by_rules(stream, FIRST, FIRST), by_rules(stream, FIRST, SECOND)
    taken(strict, FIRST)
    old = taken(strict, FIRST, SECOND, first=50, last=80)
    assert (old.new, old.duplicates, old.rejected, old.attempt) == (20, 10, 30, 1)
    whole, said = done(mended, SECOND)
    assert (whole, said[0]) == (True, f"{SECOND}: 1 batches done again, 1 of them changed")
    assert said[1:3] == [
        "before: 0 events of the day; in these batches 20 new + 10 duplicates + 30 rejected",
        "now: 30 events of the day; in these batches 50 new + 10 duplicates + 0 rejected",
    ]
    [untouched, new] = accounts(stream)
    assert (untouched.attempt, new.attempt, new.days) == (1, 2, {FIRST: 20, SECOND: 30})
    assert (new.arrived, new.duration_ms, new.offsets) == (old.arrived, old.duration_ms, old.offsets)
    assert not stream.catalog.storage.names(stream.catalog.path("rejected"))
    [point] = stream.store.query("stream_batch")[-1:]
    assert (point.fields["new"], point.fields["rejected"]) == (50, 0)
    assert (stream.events(), faults(stream)) == (110, [])
    again = taken(mended, SECOND, first=60, last=90)  # the stream goes on
    assert (again.batch, again.new, faults(stream)) == (2, 10, [])


def test_events_that_a_rule_no_longer_lets_in_go(stream: Stream) -> None:
    taken(stream, FIRST, SECOND)
    later = by_rules(stream, SECOND, "")
    assert done(later, FIRST)[1][1:3] == [
        "before: 60 events of the day; in these batches 120 new + 0 duplicates + 0 rejected",
        "now: 0 events of the day; in these batches 60 new + 0 duplicates + 60 rejected",
    ]
    assert [path for path in event_files(stream.catalog) if FIRST in path] == []
    assert (stream.events(), faults(stream)) == (60, [])
    assert len(stream.catalog.table("rejected")) == 60


def test_rows_of_older_code_become_todays(stream: Stream) -> None:
    """Stored with another brand, as many as they are."""
    taken(stream, FIRST)
    before = everything(stream)
    [path] = event_files(stream.catalog)
    _rewrite(stream, path, path, brand="acme inc")
    assert everything(stream) != before
    assert done(stream, FIRST)[1][0] == f"{FIRST}: 1 batches done again, 1 of them changed"
    assert (everything(stream), faults(stream)) == (before, [])


def test_a_file_of_several_batches_becomes_the_files_of_each(stream: Stream) -> None:
    """Where they are other than they were; else it stays."""
    for first in (0, 20, 40):
        taken(stream, FIRST, first=first, last=first + 20)
    before = everything(stream)
    paths = sorted(event_files(stream.catalog))
    together = paths[0].replace(".parquet", "-0000000001.parquet")
    _rewrite(stream, paths[:2], together)
    assert done(stream, FIRST)[1][0] == f"{FIRST}: 3 batches done again, 0 of them changed"
    assert (everything(stream), sorted(event_files(stream.catalog))) == (before, [together, paths[2]])
    _rewrite(stream, [together], together, brand="acme inc")
    assert done(stream, FIRST)[1][0] == f"{FIRST}: 3 batches done again, 2 of them changed"
    assert (everything(stream), sorted(event_files(stream.catalog)), faults(stream)) == (before, paths, [])


def _rewrite(stream: Stream, sources: str | list[str], target: str, **values: str) -> None:
    """Writes the rows of these files as one, with another value in a column, as older code may have left them."""
    storage, paths = stream.catalog.storage, [sources] if isinstance(sources, str) else sources
    read = {path: io.BytesIO(storage.read(path)) for path in paths}
    batches = [pair for path, data in read.items() for pair in rows_by_batch(_named(path), data).items()]
    rows = pa.concat_tables([pq.read_table(data) for data in read.values()])
    for name, value in values.items():
        rows = rows.set_column(rows.column_names.index(name), name, pc.if_else(pa.array([True] * len(rows)), value, ""))
    data = io.BytesIO()
    with pq.ParquetWriter(data, rows.schema, use_deprecated_int96_timestamps=True) as writer:
        writer.write_table(rows)
        writer.add_key_value_metadata({BATCHES: orjson.dumps(batches)})
    for path in paths:
        storage.delete(path)
    storage.write(target, data.getvalue())


def _named(path: str) -> EventsFile:
    file = events_file(path.rsplit("/", 1)[1])
    assert file is not None
    return file


def test_what_kafka_no_longer_holds_is_said_and_stays(stream: Stream) -> None:
    first = taken(stream, FIRST)
    taken(stream, FIRST, SECOND, first=50, last=80)
    taken(stream, SECOND, first=100, last=110)
    delete_records(stream.settings, {part: end - 1 for part, end in first.ends.items() if end})
    later = by_rules(stream, SECOND, "")
    whole, said = done(later, FIRST)
    assert (whole, said[0]) == (
        False,
        f"Kafka no longer has all records of 1 batches (0 to 0): their 60 events of {FIRST} stay as they are",
    )
    assert said[1] == f"{FIRST}: 1 batches done again, 1 of them changed"
    assert [account.attempt for account in accounts(stream)] == [1, 2, 1]
    assert (accounts(stream)[0], stream.events(), faults(stream)) == (first, 60 + 30 + 10, [])


def test_who_was_cut_short_begins_again(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(stream, FIRST, SECOND)
    later = by_rules(stream, SECOND, "")

    def dies(*_: object) -> None:
        raise RuntimeError("killed before the account")

    with monkeypatch.context() as patch:
        patch.setattr(Accounts, "write", dies)
        with pytest.raises(RuntimeError):
            done(later, FIRST)
    assert balance(stream.settings).faults == [f"batch 0, {FIRST}: 60 events were stored, 0 are there"]
    assert done(later, FIRST)[0]
    assert (stream.events(), faults(stream)) == (60, [])


def test_a_day_of_no_batch_and_a_lab_without_batches(stream: Stream) -> None:
    assert done(stream, FIRST) == (True, [f"{FIRST}: 0 batches done again, 0 of them changed"])
    taken(stream, FIRST)
    assert done(stream, SECOND) == (True, [f"{SECOND}: 0 batches done again, 0 of them changed"])


def test_beside_a_stream_it_is_refused(stream: Stream) -> None:
    lease = stream_lease(stream.catalog, stream.settings)
    lease.acquire()
    with pytest.raises(LabError, match="another stream is running"):
        done(stream, FIRST)
    lease.release()


@pytest.mark.parametrize("words", [["2019-13-01"], ["yesterday"], [""], ["2019-11-01", "--drain"]])
def test_what_is_no_day_is_refused(stream: Stream, words: list[str]) -> None:
    said = CliRunner().invoke(command, ["--backfill", *words], obj=stream.settings)
    assert said.exit_code == 2, said.output
