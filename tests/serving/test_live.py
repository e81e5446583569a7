from typing import Any

import pyarrow as pa
import pytest

from shoplab.recommend.model.recommender import Recommendation
from shoplab.serving import live
from shoplab.serving.live import BatchFeed, LiveRecommendations
from tests.serving.conftest import RECOMMENDATION

FOLDER = "/data/processed/recommendations"


def rows(**products: list[str]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {"user_id": user, "rank": rank, "product_id": product, "score": 0.5, "collaborative": 0.3, "content": 0.2,
             "segment": 0.0, "why": "w", "sources": [("als", 0.3), ("content", 0.2)]}
            for user, items in products.items()
            for rank, product in enumerate(items, start=1)
        ],
        RECOMMENDATION,
    )  # fmt: skip


def products(found: list[Recommendation]) -> list[str]:
    return [item.product_id for item in found]


def numbers(feed: BatchFeed) -> list[str]:
    return [table["why"][0].as_py() for table in feed.poll()]


def test_items_come_back_by_rank_whatever_order_the_file_had() -> None:
    kept = LiveRecommendations()
    kept.add(rows(u2=["p4"], u1=["p1", "p2", "p3"]).take([3, 0, 2, 1]))
    assert kept.of("u1")[0] == Recommendation("p1", 0.5, 0.3, 0.2, 0.0, "w", {"als": 0.3, "content": 0.2})
    assert products(kept.of("u1")) == ["p1", "p2", "p3"]
    assert kept.of("u3") == []


def test_a_newer_batch_replaces_all_of_a_users_items() -> None:
    kept = LiveRecommendations()
    kept.add(rows(u1=["p1", "p2"], u2=["p5"]))
    kept.add(rows(u1=["p3"]))
    assert products(kept.of("u1")) == ["p3"]
    assert products(kept.of("u2")) == ["p5"]
    assert kept.newest_users(5) == ["u1", "u2"]


def test_only_the_users_seen_last_are_kept() -> None:
    kept = LiveRecommendations(most_users=2)
    kept.add(rows(u1=["p1"], u2=["p2"]))
    kept.add(rows(u1=["p3"]))
    kept.add(rows(u3=["p4"]))
    assert len(kept) == 2
    assert kept.of("u2") == []
    assert kept.newest_users(5) == ["u3", "u1"]


def test_each_batch_is_read_once_in_order(shop: Any) -> None:
    feed = BatchFeed(shop.hdfs, FOLDER, live.COLUMNS)
    assert numbers(feed) == []
    for number in (0, 1, 10, 2):
        shop.publish_batch(number, {"u1": ["p1"]})
    assert numbers(feed) == ["batch 0", "batch 1", "batch 2", "batch 10"]
    assert numbers(feed) == []
    shop.publish_batch(11, {"u1": ["p1"]})
    assert numbers(feed) == ["batch 11"]
    assert feed.newest == "batch=0000000011"


def test_at_the_start_only_the_newest_batches_are_read(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BATCHES_AT_START", 2)
    for number in range(5):
        shop.publish_batch(number, {"u1": ["p1"]})
    feed = BatchFeed(shop.hdfs, FOLDER, live.COLUMNS)
    assert numbers(feed) == ["batch 3", "batch 4"]
    for number in range(5, 9):
        shop.publish_batch(number, {"u1": ["p1"]})
    assert len(numbers(feed)) == 4


def test_a_batch_spark_is_still_writing_waits(shop: Any) -> None:
    shop.publish_batch(0, {"u1": ["p1"]})
    folder = f"{FOLDER}/batch=0000000000"
    done = shop.hdfs.files.pop(f"{folder}/_SUCCESS")
    shop.hdfs.files[f"{folder}/_temporary/0/part"] = b""
    feed = BatchFeed(shop.hdfs, FOLDER, live.COLUMNS)
    assert numbers(feed) == []
    del shop.hdfs.files[f"{folder}/_temporary/0/part"]
    shop.hdfs.files[f"{folder}/_SUCCESS"] = done
    assert numbers(feed) == ["batch 0"]


def test_a_stream_that_begins_anew_is_read_anew(shop: Any) -> None:
    feed = BatchFeed(shop.hdfs, FOLDER, live.COLUMNS)
    shop.publish_batch(0, {"u1": ["p1"]})
    assert numbers(feed) == ["batch 0"]
    shop.hdfs.files.clear()
    assert numbers(feed) == []
    shop.publish_batch(0, {"u1": ["p1"]})
    assert numbers(feed) == ["batch 0"]


def test_a_damaged_batch_raises_once_and_the_next_one_is_read(shop: Any) -> None:
    shop.publish_batch(0, {"u1": ["p1"]})
    shop.publish_batch(1, {"u1": ["p1"]})
    shop.hdfs.files[f"{FOLDER}/batch=0000000000/part-0.snappy.parquet"] = b"not parquet"
    feed = BatchFeed(shop.hdfs, FOLDER, live.COLUMNS)
    with pytest.raises(pa.ArrowInvalid):
        numbers(feed)
    assert numbers(feed) == ["batch 1"]


def test_a_batch_from_before_sources_were_told_is_read(shop: Any) -> None:
    without = RECOMMENDATION.remove(RECOMMENDATION.get_field_index("sources"))
    shop.publish_batch(0, {"u1": ["p1"], "u2": ["p2"]}, without)
    shop.publish_batch(1, {"u1": ["p3"]})
    kept = LiveRecommendations()
    for batch in BatchFeed(shop.hdfs, FOLDER, live.COLUMNS).poll():
        kept.add(batch)
    assert [(item.product_id, item.sources) for item in kept.of("u1")] == [("p3", {"recent": 1.0})]
    assert [(item.product_id, item.sources) for item in kept.of("u2")] == [("p2", {})]


def test_a_batch_without_another_column_is_damaged(shop: Any) -> None:
    shop.publish_batch(0, {"u1": ["p1"]}, RECOMMENDATION.remove(RECOMMENDATION.get_field_index("score")))
    with pytest.raises(pa.ArrowInvalid, match="score"):
        numbers(BatchFeed(shop.hdfs, FOLDER, live.COLUMNS))
