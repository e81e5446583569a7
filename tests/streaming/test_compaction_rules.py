"""Which files are merged, and the stream that does it."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from shoplab.streaming import compaction
from shoplab.streaming.audit.balance import balance
from shoplab.streaming.audit.commands import verify
from shoplab.streaming.audit.deep import deep_faults
from shoplab.streaming.compaction import BEHIND, LARGE, MERGED, SMALL, chosen
from shoplab.streaming.events_file import EventsFile, events_file, events_name, merge, rows_by_batch
from shoplab.streaming.job import LiveJob
from tests.streaming.conftest import Stream
from tests.streaming.laid import DAY, names, rows
from tests.streaming.test_audit import everything, mended


def test_a_day_of_batches_is_copied_a_few_times_and_has_few_files() -> None:
    """A batch every ten seconds, of about 10,000 events: 100 KB."""
    files: list[EventsFile] = []
    size, copied, most = 100_000, 0, 0
    for batch in range(8640):
        files.append(EventsFile(events_name(batch), batch, batch, False, size))
        if sum(not file.is_merged for file in files[:-BEHIND]) > SMALL:
            some = chosen(files[:-BEHIND])
            first, total = files.index(some[0]), sum(file.bytes for file in some)
            one = EventsFile("", some[0].first, some[-1].last, True, total)
            files[first : first + len(some)] = [one]
            copied += total
            assert [file.first for file in files[1:]] == [file.last + 1 for file in files[:-1]]
            most = max(most, len(files) - sum(file.bytes >= LARGE for file in files))
    assert most <= MERGED + BEHIND
    assert copied < 25 * 8640 * size


def test_thousands_of_files_are_merged_some_at_a_time() -> None:
    files = [EventsFile(events_name(batch), batch, batch, False, 1000) for batch in range(8000)]
    assert chosen(files) == files[: compaction.MOST]


def test_names_tell_the_batches() -> None:
    assert events_file("stream-0000000003-0000000120.parquet", 5) == EventsFile(events_name(3, 120), 3, 120, True, 5)
    assert events_file(events_name(7)) == EventsFile("stream-0000000007.parquet", 7, 7, False)
    assert events_file("part-00000-1b2c.c000.snappy.parquet") is None
    assert rows_by_batch(EventsFile("", 0, 1, True), pa.BufferReader(b"")) == {}


def test_a_file_of_an_earlier_version_is_merged_with_those_of_today(tmp_path: Path) -> None:
    """It lacked a column."""
    old, new, merged = tmp_path / "old", tmp_path / "new", tmp_path / "merged"
    today = rows(0, DAY, 5).drop_columns("date")
    pq.write_table(today.drop_columns("quantity"), old, use_deprecated_int96_timestamps=True)
    pq.write_table(today.set_column(7, "quantity", pa.array([2] * 5, today["quantity"].type)), new)
    for first, second in ((old, new), (new, old)):
        one, other = EventsFile(events_name(0), 0, 0, False), EventsFile(events_name(1), 1, 1, False)
        merge([(one, first), (other, second)], merged)
        assert sorted(pq.read_table(merged)["quantity"].to_pylist(), key=str) == [2] * 5 + [None] * 5
        assert rows_by_batch(EventsFile("", 0, 1, True), merged) == {0: 5, 1: 5}


def test_a_stream_compacts_and_all_adds_up(stream: Stream, soon: None) -> None:
    for first in range(0, 60, 10):
        stream.send(first, first + 12, session="")
        stream.drain()
    merged = [file for name in names(stream.catalog) if (file := events_file(name)) and file.is_merged]
    assert merged
    assert (len(names(stream.catalog)), stream.events()) == (4, 62)
    assert (balance(stream.settings).closes, deep_faults(stream.settings, stream.store)) == (True, [])
    before = everything(stream)
    path = stream.catalog.path("events", f"date={DAY}", merged[0].name)
    stream.catalog.storage.delete(path)
    assert not balance(stream.settings).closes
    assert f"batch 0, {DAY}: 12 of 12 events are there again" in mended(stream)
    assert everything(stream) == before
    stream.send(60, 80, session="")
    stream.drain()  # its small files are merged again, with those that the repair has made
    assert len(names(stream.catalog)) <= 4
    assert CliRunner().invoke(verify, ["--quick"], obj=stream.settings).exit_code == 0
    spoilt = stream.catalog.path("events", f"date={DAY}", names(stream.catalog)[0])
    stream.catalog.storage.write(spoilt, b"no parquet")
    assert mended(stream)[0] == f"deleted {spoilt}, which lacks events of its batches"
    assert (balance(stream.settings).closes, deep_faults(stream.settings, stream.store)) == (True, [])


def test_a_batch_done_again_beside_merged_files_leaves_the_same(
    stream: Stream, soon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for first in range(0, 50, 10):
        stream.send(first, first + 10)
        stream.drain()
    stream.send(45, 60)
    dying = LiveJob(stream.settings, stream.store)
    monkeypatch.setattr(dying.accounts, "write", _dies)
    with pytest.raises(Exception, match="killed"):
        stream.drain(dying)
    [account] = stream.drain()
    assert (account.new, account.duplicates, stream.events()) == (10, 5, 60)
    assert balance(stream.settings).closes


def _dies(*_: object) -> None:
    raise RuntimeError("killed before the account")
