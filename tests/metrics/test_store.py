"""The contract of a metric store, held by the embedded one and by InfluxDB on a real server."""

from datetime import UTC, datetime, timedelta

import pytest

from shoplab.metrics.point import Point
from shoplab.metrics.store import MetricStore

NOON = datetime(2019, 11, 1, 12, tzinfo=UTC)


def at(seconds: float, events: float, event_type: str = "view") -> Point:
    return Point("activity", {"event_type": event_type}, {"events": events}, NOON + timedelta(seconds=seconds))


def test_what_was_written_comes_back(store: MetricStore) -> None:
    point = Point(
        "mixed", {"a": "x y,z=1", "b": '"caf\u00e9" \\ |>'}, {"whole": 3, "part": 0.5, "text": 'say "hi", ok\\'},
        NOON + timedelta(microseconds=123_456),
    )  # fmt: skip
    bare = Point("mixed", {}, {"whole": -1.0}, NOON)
    store.write([point, bare])
    assert store.query("mixed") == [bare, point]


def test_numbers_come_back_as_floats_however_they_went_in(store: MetricStore) -> None:
    store.write([at(0, 3), at(1, 0.5), at(2, 4)])
    assert [type(point.fields["events"]) for point in store.query("activity")] == [float] * 3


def test_a_replay_overwrites_and_never_doubles(store: MetricStore) -> None:
    store.write([at(0, 1), at(10, 2)])
    store.write([at(0, 5), at(10, 2)])
    assert store.query("activity") == [at(0, 5.0), at(10, 2.0)]


def test_tags_and_time_make_the_identity_in_any_order_of_tags(store: MetricStore) -> None:
    store.write([Point("m", {"a": "1", "b": "2"}, {"x": 1}, NOON), Point("m", {"a": "1"}, {"x": 2}, NOON)])
    store.write([Point("m", {"b": "2", "a": "1"}, {"x": 3}, NOON)])
    assert [(point.tags, point.fields["x"]) for point in store.query("m")] == [
        ({"a": "1"}, 2.0),
        ({"a": "1", "b": "2"}, 3.0),
    ]


def test_other_fields_of_a_known_point_join_it(store: MetricStore) -> None:
    store.write([Point("m", {}, {"x": 1, "y": 1}, NOON)])
    store.write([Point("m", {}, {"y": 2, "z": 3}, NOON)])
    assert [point.fields for point in store.query("m")] == [{"x": 1.0, "y": 2.0, "z": 3.0}]


def test_since_is_inclusive_and_until_is_not(store: MetricStore) -> None:
    store.write([at(seconds, seconds) for seconds in range(5)])
    found = store.query("activity", since=NOON + timedelta(seconds=1), until=NOON + timedelta(seconds=3))
    assert found == [at(1, 1.0), at(2, 2.0)]


def test_tags_narrow_the_answer(store: MetricStore) -> None:
    tricky = 'cart") or (1 == 1'
    store.write([at(0, 1), at(0, 2, "cart"), at(1, 3, "cart"), at(1, 4, tricky)])
    assert store.query("activity", tags={"event_type": "cart"}) == [at(0, 2.0, "cart"), at(1, 3.0, "cart")]
    assert store.query("activity", tags={"event_type": tricky}) == [at(1, 4.0, tricky)]
    assert store.query("activity", tags={"segment": "0"}) == []
    with pytest.raises(ValueError, match="no metric name"):
        store.query("activity", tags={'x"] == "" or r["y': "1"})


def test_a_limit_keeps_the_newest_over_all_tags(store: MetricStore) -> None:
    store.write([at(seconds, seconds, kind) for seconds in range(4) for kind in ("view", "cart")])
    assert store.query("activity", limit=3) == [at(2, 2.0, "view"), at(3, 3.0, "cart"), at(3, 3.0, "view")]


def test_points_ahead_of_the_clock_are_found(store: MetricStore) -> None:
    ahead = Point("m", {}, {"x": 1.0}, datetime.now(UTC).replace(microsecond=0) + timedelta(days=400))
    store.write([ahead])
    assert store.query("m") == [ahead]


def test_more_points_than_one_request_takes(store: MetricStore) -> None:
    store.write([at(seconds, seconds) for seconds in range(12_000)])
    assert [point.fields["events"] for point in store.query("activity")] == list(map(float, range(12_000)))


def test_nothing_written_nothing_found(store: MetricStore) -> None:
    store.write([])
    store.ping()
    assert store.query("activity") == []
    assert store.query('nothing" |> drop()') == []


def test_a_time_comes_back_to_the_microsecond(store: MetricStore) -> None:
    """One in a hundred came back as a microsecond earlier."""
    made = [
        Point("m", {}, {"x": 1.0}, datetime(2026, 11, 26, tzinfo=UTC) + timedelta(milliseconds=n)) for n in range(2000)
    ]
    store.write(made)
    assert store.query("m") == made
