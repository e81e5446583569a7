"""What the API remembers of the topic, and of what the stream has stored."""

import io
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoplab.core.settings import load_settings
from shoplab.core.vocabulary import NAMES
from shoplab.serving import follow
from shoplab.serving.follow import seconds
from shoplab.serving.recent import KINDS, MOST, Recent, Tokens
from shoplab.serving.restore import restore
from tests.serving.conftest import Shop


def at(recent: Recent, key: str) -> list[int]:
    return [int(event["time"]) for event in recent.of(key)]


def test_events_are_kept_in_the_order_of_their_times_each_once() -> None:
    recent = Recent()
    added = [recent.add("u", time, 1, 0, KINDS["view"]) for time in (5, 3, 9, 3)]
    assert (added, at(recent, "u")) == ([True, True, True, False], [3, 5, 9])
    assert at(recent, "nobody") == []


def test_of_each_the_newest_are_kept() -> None:
    recent = Recent()
    for time in range(MOST + 7):
        recent.add("u", time, 1, 0, 0)
    assert at(recent, "u") == list(range(7, MOST + 7))


def test_the_longest_silent_goes_first_and_memory_is_bounded() -> None:
    recent = Recent(budget=2_000)
    for user in range(50):
        recent.add(f"u{user}", user, 1, 0, 0)
        recent.add("u0", 100 + user, 1, 0, 0)
    assert recent.held <= 2_000
    assert at(recent, "u0")[-1] == 149
    assert at(recent, "u1") == []
    assert recent.newest(2) == ["u0", "u49"]
    assert len(recent) == sum(bool(at(recent, f"u{user}")) for user in range(50)) < 50


def test_a_robot_keeps_nobody_from_being_found() -> None:
    recent = Recent(budget=200_000)
    recent.add("u", 1, 7, 0, 0)
    for time in range(3_000):
        recent.add("robot", time, 1, 0, 0)
    assert (at(recent, "u"), len(at(recent, "robot")), len(recent)) == ([1], MOST, 2)


def test_products_without_end_do_not_fill_the_memory() -> None:
    tokens = Tokens(most=3)
    assert [tokens.number(name) for name in "abcdab"] == [1, 2, 3, 0, 1, 2]
    assert tokens.names == ["", "a", "b", "c"]


@pytest.mark.parametrize(
    "value",
    [None, b"", b"junk", b"[]", b"{}", b'{"user_id":"u"}', orjson.dumps({"user_id": 7, "product_id": "p"}),
     b'{"user_id":"u","product_id":"p","event_type":"view","event_time":"9999-01-01 00:00:00 UTC"}',
     b'{"user_id":"u","product_id":"p","event_type":"view","event_time":"0001-01-01 00:00:00 UTC"}',
     b'{"user_id":"u","product_id":"p","event_type":"stare","event_time":"2019-11-01 00:00:00 UTC"}',
     b'{"user_id":"u","product_id":"p","event_type":"view","event_time":17}',
     b'{"user_id":"u","product_id":"p","event_type":"view","event_time":"2019-11-01 99:99:99 UTC"}'],
)  # fmt: skip
def test_what_says_nothing_of_a_user_is_passed_over(shop: Shop, value: bytes | None) -> None:
    assert not shop.follower.take(value)
    assert len(shop.follower.users) == 0


@pytest.mark.parametrize(
    "text", ["2019-11-01 12:30:15 UTC", "2019-11-01T12:30:15Z", "2019-11-01 14:30:15+02:00", "2019-11-01 12:30:15.9"]
)
def test_times_are_read_in_their_zones(text: str) -> None:
    assert seconds(text) == datetime(2019, 11, 1, 12, 30, 15, tzinfo=UTC).timestamp()


def test_the_memory_comes_back_from_what_the_stream_has_stored(shop: Shop) -> None:
    def stored(day: str, *events: tuple[str, str, datetime]) -> None:
        rows = [{"event_time": time, "event_type": "view", "product_id": product, "user_id": user,
                 "user_session": "s"} for user, product, time in events]  # fmt: skip
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), sink, use_deprecated_int96_timestamps=True)
        path = shop.catalog.path("events", f"date={day}", "stream-0000000003.parquet")
        shop.hdfs.files[path] = sink.getvalue()

    assert restore(shop.catalog, shop.follower) == {}
    stored("2019-11-02", ("a", "p2", datetime(2019, 11, 2, 8)))
    stored("2019-11-01", ("a", "p1", datetime(2019, 11, 1, 8)), ("b", "p1", datetime(2019, 11, 1, 9)))
    account: dict[str, Any] = {"offsets": {"0": [0, 7], "1": [0, 3]}}
    shop.hdfs.write_json(shop.catalog.path("live", "accounts", "batch=0000000003.json"), account)
    assert restore(shop.catalog, shop.follower) == {0: 7, 1: 3}
    names = shop.follower.tokens.names
    met = [(names[one["product"]], NAMES[one["kind"]]) for one in shop.follower.users.of("a")]
    assert met == [("p1", "view"), ("p2", "view")]
    assert seconds("2019-11-02 08:00:00 UTC") == at(shop.follower.users, "a")[-1]


def test_a_small_container_is_left_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "room_mib", lambda: 384)
    small = follow.Follower(load_settings({}), lambda _: {})
    assert 30 << 20 < small.users.held + small.sessions.held <= 32 << 20
