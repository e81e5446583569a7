"""The stream's batches as they come, and the segments in them."""

import pyarrow as pa
import pytest

from shoplab.serving import live
from shoplab.serving.live import BatchFeed
from shoplab.serving.people import LIVE_COLUMNS, LiveSegments, Segment
from tests.serving.conftest import Shop, rows_of

FOLDER = "/data/processed/live/segments"


def feed_of(shop: Shop) -> BatchFeed:
    return BatchFeed(shop.hdfs, FOLDER, LIVE_COLUMNS)  # type: ignore[arg-type]


def publish(shop: Shop, number: int) -> None:
    shop.publish_live_segments(number, {"u1": (0, f"batch {number}")})
    shop.hdfs.files[f"{FOLDER}/batch={number:010d}/_SUCCESS"] = b""


def numbers(feed: BatchFeed) -> list[str]:
    return [table["segment_name"][0].as_py() for table in feed.poll()]


def test_each_batch_is_read_once_in_order(shop: Shop) -> None:
    feed = feed_of(shop)
    assert numbers(feed) == []
    for number in (0, 1, 10, 2):
        publish(shop, number)
    assert numbers(feed) == ["batch 0", "batch 1", "batch 2", "batch 10"]
    assert numbers(feed) == []
    publish(shop, 11)
    assert numbers(feed) == ["batch 11"]
    assert feed.newest == "batch=0000000011"


def test_at_the_start_only_the_newest_batches_are_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BATCHES_AT_START", 2)
    for number in range(5):
        publish(shop, number)
    feed = feed_of(shop)
    assert numbers(feed) == ["batch 3", "batch 4"]
    for number in range(5, 9):
        publish(shop, number)
    assert len(numbers(feed)) == 4


def test_a_batch_spark_is_still_writing_waits(shop: Shop) -> None:
    publish(shop, 0)
    folder = f"{FOLDER}/batch=0000000000"
    done = shop.hdfs.files.pop(f"{folder}/_SUCCESS")
    shop.hdfs.files[f"{folder}/_temporary/0/part"] = b""
    feed = feed_of(shop)
    assert numbers(feed) == []
    del shop.hdfs.files[f"{folder}/_temporary/0/part"]
    shop.hdfs.files[f"{folder}/_SUCCESS"] = done
    assert numbers(feed) == ["batch 0"]


def test_a_stream_that_begins_anew_is_read_anew(shop: Shop) -> None:
    feed = feed_of(shop)
    publish(shop, 0)
    assert numbers(feed) == ["batch 0"]
    shop.hdfs.files.clear()
    assert numbers(feed) == []
    publish(shop, 0)
    assert numbers(feed) == ["batch 0"]


def test_a_damaged_batch_raises_once_and_the_next_one_is_read(shop: Shop) -> None:
    publish(shop, 0)
    publish(shop, 1)
    shop.hdfs.files[f"{FOLDER}/batch=0000000000/part-0.parquet"] = b"not parquet"
    feed = feed_of(shop)
    with pytest.raises(pa.ArrowInvalid):
        numbers(feed)
    assert numbers(feed) == ["batch 1"]


def test_only_the_users_seen_last_keep_their_segments() -> None:
    kept = LiveSegments(most_users=2)
    kept.add(rows_of({"u1": (0, "a"), "u2": (0, "a")}))
    kept.add(rows_of({"u1": (1, "b")}))
    kept.add(rows_of({"u3": (1, "b")}))
    assert [kept.of(user) for user in ("u1", "u2", "u3")] == [Segment(1, "b"), None, Segment(1, "b")]
