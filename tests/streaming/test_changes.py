"""Other code and other rules from one start of the stream to the next: docs/streaming.md says what happens."""

import io
import logging

import pyarrow.parquet as pq
import pytest

from shoplab.core.frames import SparkCatalog
from shoplab.streaming.audit.balance import balance
from shoplab.streaming.audit.deep import deep_faults
from shoplab.streaming.audit.files import event_files
from shoplab.streaming.job import BatchFailedError, LiveJob
from shoplab.streaming.state import users
from tests.streaming.conftest import Stream
from tests.streaming.test_backfill import SECOND, by_rules


def faults(stream: Stream) -> list[str]:
    return balance(stream.settings).faults + deep_faults(stream.settings, stream.store)


def test_a_memory_of_other_columns_is_made_from_the_stored_events(
    stream: Stream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As when the code learns to count one thing more of a user."""
    stream.send(0, 60)
    stream.drain()
    monkeypatch.setattr(users, "COLUMNS", {**users.COLUMNS, "returns": ("i4", 0)})
    stream.send(50, 100)
    with caplog.at_level(logging.WARNING):
        [account] = stream.drain()
    assert (account.new, account.duplicates, faults(stream)) == (40, 10, [])
    assert "the stream takes up the stored events of 2019-11" in caplog.messages


def test_a_batch_cut_short_is_done_again_by_the_rules_of_then(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left of what the older ones made of it."""
    stream.send(0, 20)
    job = LiveJob(stream.settings, stream.store)

    def dies(*_: object) -> None:
        raise RuntimeError("killed before the account")

    monkeypatch.setattr(job.accounts, "write", dies)
    with pytest.raises(BatchFailedError):
        stream.drain(job)
    assert len(event_files(stream.catalog)) == 1
    later = by_rules(stream, SECOND, "")
    [account] = later.drain()
    assert (account.new, account.rejected, event_files(stream.catalog), faults(stream)) == (0, 20, {}, [])


def test_what_was_stored_by_older_rules_stays(stream: Stream) -> None:
    stream.send(0, 20)
    stream.drain()
    later = by_rules(stream, SECOND, "")
    later.send(20, 40)
    [account] = later.drain()
    assert (account.new, account.rejected, account.days, stream.events()) == (0, 20, {}, 20)
    assert faults(stream) == []


def test_event_files_of_fewer_columns_are_read_with_nulls(stream: Stream) -> None:
    """As code that knew no quantity left them."""
    stream.send(0, 20)
    stream.drain()
    [path] = event_files(stream.catalog)
    data = io.BytesIO()
    rows = pq.read_table(io.BytesIO(stream.catalog.storage.read(path)))
    pq.write_table(rows.drop_columns("quantity"), data, use_deprecated_int96_timestamps=True)
    stream.catalog.storage.write(path, data.getvalue())
    stored = SparkCatalog(stream.settings, stream.spark).read("events")
    assert stored.where("quantity is null").count() == 20
    assert faults(stream) == []
    stream.catalog.storage.delete(stream.catalog.path("temp", "stream-state"))
    stream.send(0, 30)
    [account] = stream.drain()
    assert (account.new, account.duplicates, faults(stream)) == (10, 20, [])
