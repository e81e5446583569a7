from datetime import UTC, datetime, timedelta, timezone

import pytest

from shoplab.metrics.point import Point, from_json, newest, to_json

NOON = datetime(2019, 11, 1, 12, tzinfo=UTC)


def test_points_survive_json() -> None:
    points = [
        Point("activity", {"event_type": "view"}, {"events": 7, "share": 0.25}, NOON),
        Point("stream_batch", {}, {"state": 'caf\u00e9, "late"'}, NOON + timedelta(microseconds=1)),
    ]
    assert from_json(to_json(points)) == points


def test_time_is_kept_in_utc() -> None:
    moscow = timezone(timedelta(hours=3))
    assert Point("m", {}, {"x": 1}, datetime(2019, 11, 1, 15, tzinfo=moscow)).time == NOON
    assert Point("m", {}, {"x": 1}, datetime(2019, 11, 1, 15, tzinfo=moscow)).time.tzinfo is UTC


@pytest.mark.parametrize(
    ("measurement", "tags", "fields", "time", "word"),
    [
        ("two words", {}, {"x": 1}, NOON, "two words"),
        ('m" or true', {}, {"x": 1}, NOON, "no metric name"),
        ("_m", {}, {"x": 1}, NOON, "no metric name"),
        ("m", {"segment": ""}, {"x": 1}, NOON, "segment"),
        ("m", {"segment": "a\nb"}, {"x": 1}, NOON, "plain text"),
        ("m", {"segment": "a\\"}, {"x": 1}, NOON, "plain text"),
        ("m", {}, {}, NOON, "no fields"),
        ("m", {}, {"x": float("nan")}, NOON, "finite"),
        ("m", {}, {"x": float("inf")}, NOON, "finite"),
        ("m", {}, {"x": 1}, NOON.replace(tzinfo=None), "without a zone"),
    ],
)
def test_a_point_no_store_could_keep_is_refused(
    measurement: str, tags: dict[str, str], fields: dict[str, float], time: datetime, word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        Point(measurement, tags, fields, time)


@pytest.mark.parametrize("data", [b"", b"junk", b"7", b"{}x", b'[{"measurement":"m"}]', b"[7]", b'[{"time":7}]'])
def test_json_of_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - orjson words its own errors
        from_json(data)


def test_newest_orders_by_time_and_keeps_the_end() -> None:
    late, early = Point("m", {}, {"x": 2}, NOON), Point("m", {}, {"x": 1}, NOON - timedelta(hours=1))
    assert newest([late, early], None) == [early, late]
    assert newest([late, early], 1) == [late]
    assert newest([late, early], 0) == []
