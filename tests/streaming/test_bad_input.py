"""What else a stream may meet. Records of any codec, without key or value, long or with more fields are in
tests/streaming/dead, those of other programs in test_records.py.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest
from pyspark.errors import StreamingQueryException

from shoplab.core.errors import ServiceError
from shoplab.core.wait import wait_until
from shoplab.streaming.accounts import Accounts
from shoplab.streaming.audit.balance import balance
from shoplab.streaming.audit.deep import deep_faults
from shoplab.streaming.beginning import checkpoint_of
from shoplab.streaming.job import LiveJob
from shoplab.streaming.query import streaming
from shoplab.streaming.service import stream_error
from tests.streaming.conftest import Stream
from tests.streaming.dead.conftest import event, produce

OTHER_SCHEMAS = {
    "no event_time": {"time": "2019-11-01 12:00:00", "event_type": "view", "product_id": "1", "user_id": "7"},
    "no event_type": {"event_time": "2019-11-01 12:00:00", "kind": "view", "product_id": "1", "user_id": "7"},
    "no product_id": {"version": 2, "event_time": "2019-11-01 12:00:00", "event_type": "view", "user_id": "7"},
    "no user_id": {"event_time": "2019-11-01 12:00:00", "event_type": "view", "product_id": "1", "userId": "7"},
    "not a JSON object of an event": {"version": 3, "payload": "event"},
}


def faults(stream: Stream) -> list[str]:
    return balance(stream.settings).faults + deep_faults(stream.settings, stream.store)


def test_records_of_another_schema_are_rejected_by_what_they_lack(stream: Stream) -> None:
    records = [(None, orjson.dumps(record)) for record in OTHER_SCHEMAS.values()]
    produce(stream.settings, [*records, (None, event("1"))])
    [account] = stream.drain()
    assert (account.rows, account.new, account.rejected, account.dead) == (6, 1, 5, 1)
    assert sorted(stream.catalog.table("rejected")["reason"]) == sorted(OTHER_SCHEMAS)
    assert faults(stream) == []


def test_a_user_with_a_hundred_thousand_events(stream: Stream) -> None:
    """In one partition, as all of a user's are; a second apart."""
    for first in (0, 50_000):
        times = (dt.datetime(2019, 11, 1) + dt.timedelta(seconds=n) for n in range(first, first + 50_000))
        produce(stream.settings, [(b"7", event("1", event_time=f"{time} UTC")) for time in times])
    accounts = stream.drain()
    assert sum(account.new for account in accounts) == stream.events() == 100_000
    users = stream.catalog.table("live/users", f"batch={accounts[-1].batch:010}")
    assert list(users["events"]) == [100_000]
    assert faults(stream) == []


def test_a_topic_without_anything_new_leaves_nothing(stream: Stream) -> None:
    """A hundred triggers and more, of which each looks at the topic and that is all."""
    quick = replace(stream.settings, trigger="50ms")
    stream.send(0, 20)
    with streaming(quick, stream.spark, LiveJob(quick, stream.store)) as running:
        wait_until(lambda: Accounts(stream.catalog).newest(), 60, "no batch")
        wait_until(lambda: running.query.status["message"] == "Waiting for data to arrive", 30, "it does not rest")
        files = stream.catalog.storage.walk(stream.settings.data_root)
        running.wait(10)
        assert stream.catalog.storage.walk(stream.settings.data_root) == files
    assert (stream.drain(), faults(stream)) == ([], [])


def _of_another_query(stream: Stream, checkpoint: str) -> None:
    storage = stream.catalog.storage
    storage.write(
        f"{checkpoint}/offsets/1", b'v1\n{"batchWatermarkMs":0,"batchTimestampMs":0,"conf":{}}\n{"clicks":{"0":9}}'
    )


def _of_a_later_batch(stream: Stream, checkpoint: str) -> None:
    """As where accounts were brought back from a copy of before."""
    storage = stream.catalog.storage
    for part in ("offsets", "commits"):
        storage.write(f"{checkpoint}/{part}/2", storage.read(f"{checkpoint}/{part}/1"))


def _of_an_earlier_batch(stream: Stream, checkpoint: str) -> None:
    for part in ("offsets", "commits"):
        stream.catalog.storage.delete(f"{checkpoint}/{part}/1")


def _without_its_first_batch(stream: Stream, checkpoint: str) -> None:
    stream.catalog.storage.delete(f"{checkpoint}/shoplab.json")


@pytest.mark.parametrize(
    "change", [_of_another_query, _of_a_later_batch, _of_an_earlier_batch, _without_its_first_batch]
)
def test_a_checkpoint_that_is_not_of_the_last_account_is_left(
    stream: Stream, change: Callable[[Stream, str], None]
) -> None:
    for first in (0, 20):
        stream.send(first, first + 20)
        stream.drain()
    change(stream, checkpoint_of(stream.settings, stream.catalog))
    stream.send(40, 60)
    [account] = stream.drain()
    assert (account.batch, account.new, stream.events(), faults(stream)) == (2, 20, 60, [])


def test_a_full_disk_of_the_checkpoint_is_one_line_and_nothing_is_lost(stream: Stream) -> None:
    stream.send(0, 20)
    stream.drain()
    folder, storage = checkpoint_of(stream.settings, stream.catalog), stream.catalog.storage
    stream.send(20, 40)
    storage.set_quota(folder, 1)
    with pytest.raises(StreamingQueryException) as failed:
        stream.drain()
    said = stream_error(failed.value)
    assert isinstance(said, ServiceError)
    assert "quota" in str(said)
    storage.set_quota(folder, None)
    [account] = stream.drain()
    assert (account.new, stream.events(), faults(stream)) == (20, 40, [])


def test_a_full_disk_is_a_service_that_comes_back(stream: Stream) -> None:
    """`./lab stream` waits for a service, and ends where it was asked for what cannot be."""
    storage, folder = stream.catalog.storage, stream.catalog.path("temp")
    storage.make_folder(folder, "755")
    storage.set_quota(folder, 1)
    with pytest.raises(ServiceError, match="HDFS has no room"):
        LiveJob(stream.settings, stream.store).lease.acquire()
    storage.set_quota(folder, None)
    stream.send(0, 20)
    assert [account.new for account in stream.drain()] == [20]
