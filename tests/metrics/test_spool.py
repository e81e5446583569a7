from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shoplab.core.errors import LabError, ServiceError
from shoplab.metrics import spool
from shoplab.metrics.influx import InfluxStore
from shoplab.metrics.point import Point
from shoplab.metrics.spool import Outcome, write_or_spool

if TYPE_CHECKING:
    from shoplab.core.settings import Settings

NOON = datetime(2019, 11, 1, 12, tzinfo=UTC)
FOLDER = "/data/temp/metrics-spool"


def batch(number: int, events: float = 1) -> list[Point]:
    time = NOON + timedelta(seconds=10 * number)
    return [Point("activity", {"event_type": kind}, {"events": events}, time) for kind in ("view", "cart")]


@dataclass
class Shelf:
    """A store that can be away, and that refuses a measurement named poison."""

    away: bool = False
    calls: list[list[Point]] = field(default_factory=list)

    def write(self, points: Any) -> None:
        if self.away:
            raise ServiceError("the store does not answer")
        if any(point.measurement == "poison" for point in points):
            raise LabError("the store refused the points")
        self.calls.append(list(points))


def test_while_the_store_is_there_nothing_waits(hdfs: Any) -> None:
    shelf = Shelf()
    assert write_or_spool(shelf, hdfs, FOLDER, batch(0)) == Outcome(2, 0, 0)  # type: ignore[arg-type]
    assert shelf.calls == [batch(0)]
    assert hdfs.files == {}


def test_points_wait_and_go_in_in_order(hdfs: Any) -> None:
    shelf = Shelf(away=True)
    for number in range(12):
        assert write_or_spool(shelf, hdfs, FOLDER, batch(number)) == Outcome(0, number + 1, 0)  # type: ignore[arg-type]
    shelf.away = False
    assert write_or_spool(shelf, hdfs, FOLDER, batch(12)) == Outcome(26, 0, 0)  # type: ignore[arg-type]
    assert shelf.calls == [batch(number) for number in range(13)]
    assert hdfs.files == {}


def test_a_long_backlog_is_taken_in_by_parts_and_order_is_kept(hdfs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "FILES_A_CALL", 3)
    shelf = Shelf(away=True)
    for number in range(5):
        write_or_spool(shelf, hdfs, FOLDER, batch(number))  # type: ignore[arg-type]
    shelf.away = False
    assert write_or_spool(shelf, hdfs, FOLDER, batch(5)) == Outcome(6, 3, 0)  # type: ignore[arg-type]
    assert write_or_spool(shelf, hdfs, FOLDER, batch(6)) == Outcome(8, 0, 0)  # type: ignore[arg-type]
    assert shelf.calls == [batch(number) for number in range(7)]


def test_a_large_call_waits_in_files_of_bounded_size(hdfs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "POINTS_A_FILE", 3)
    points = [point for number in range(4) for point in batch(number)]
    shelf = Shelf(away=True)
    assert write_or_spool(shelf, hdfs, FOLDER, points).waiting == 3  # type: ignore[arg-type]
    shelf.away = False
    write_or_spool(shelf, hdfs, FOLDER, [])  # type: ignore[arg-type]
    assert [point for call in shelf.calls for point in call] == points


def test_a_store_that_goes_away_half_way_loses_and_doubles_nothing(hdfs: Any) -> None:
    shelf = Shelf(away=True)
    for number in range(3):
        write_or_spool(shelf, hdfs, FOLDER, batch(number))  # type: ignore[arg-type]

    class GoesAgain(Shelf):
        def write(self, points: Any) -> None:
            super().write(points)
            self.away = True

    half = GoesAgain()
    assert write_or_spool(half, hdfs, FOLDER, batch(3)) == Outcome(2, 3, 0)  # type: ignore[arg-type]
    shelf.away = False
    write_or_spool(shelf, hdfs, FOLDER, [])  # type: ignore[arg-type]
    assert half.calls + shelf.calls == [batch(0), batch(1), batch(2), batch(3), []]


@pytest.mark.parametrize("poison", [b"", b"\x00junk", b'{"a": 1}', b'[{"measurement": "cut'])
def test_a_file_that_cannot_be_read_is_set_aside_with_a_word(
    hdfs: Any, caplog: pytest.LogCaptureFixture, poison: bytes
) -> None:
    shelf = Shelf(away=True)
    for number in range(3):
        write_or_spool(shelf, hdfs, FOLDER, batch(number))  # type: ignore[arg-type]
    name = hdfs.names(FOLDER)[1]
    hdfs.files[f"{FOLDER}/{name}"] = poison
    shelf.away = False
    assert write_or_spool(shelf, hdfs, FOLDER, batch(3)) == Outcome(6, 0, 1)  # type: ignore[arg-type]
    assert shelf.calls == [batch(0), batch(2), batch(3)]
    assert hdfs.files == {f"{FOLDER}/rejected/{name}": poison}
    assert "set aside" in caplog.text
    assert name in caplog.text


def test_points_the_store_will_never_take_are_set_aside_too(hdfs: Any, caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    poison = [Point("poison", {}, {"x": 1}, NOON)]
    assert write_or_spool(shelf, hdfs, FOLDER, poison) == Outcome(0, 0, 1)  # type: ignore[arg-type]
    assert [name.rsplit("/", 1)[0] for name in hdfs.files] == [f"{FOLDER}/rejected"]
    assert "refused" in caplog.text
    assert write_or_spool(shelf, hdfs, FOLDER, batch(1)) == Outcome(2, 0, 0)  # type: ignore[arg-type]


def test_waiting_points_the_store_will_never_take_do_not_block_the_others(hdfs: Any) -> None:
    shelf = Shelf(away=True)
    write_or_spool(shelf, hdfs, FOLDER, [Point("poison", {}, {"x": 1}, NOON)])  # type: ignore[arg-type]
    write_or_spool(shelf, hdfs, FOLDER, batch(1))  # type: ignore[arg-type]
    shelf.away = False
    assert write_or_spool(shelf, hdfs, FOLDER, batch(2)) == Outcome(4, 0, 1)  # type: ignore[arg-type]
    assert shelf.calls == [batch(1), batch(2)]
    assert hdfs.names(FOLDER) == ["rejected"]


def test_a_full_spool_says_so_and_keeps_what_it_has(hdfs: Any) -> None:
    shelf = Shelf(away=True)
    for number in range(2):
        write_or_spool(shelf, hdfs, FOLDER, batch(number), most_files=2)  # type: ignore[arg-type]
    with pytest.raises(ServiceError, match=r"full \(2 files\); start InfluxDB"):
        write_or_spool(shelf, hdfs, FOLDER, batch(2), most_files=2)  # type: ignore[arg-type]
    shelf.away = False
    write_or_spool(shelf, hdfs, FOLDER, batch(2), most_files=2)  # type: ignore[arg-type]
    assert shelf.calls == [batch(0), batch(1), batch(2)]


def test_with_hdfs_away_too_the_caller_learns_it(hdfs: Any) -> None:
    hdfs.away = True
    with pytest.raises(ServiceError, match="HDFS does not answer"):
        write_or_spool(Shelf(away=True), hdfs, FOLDER, batch(0))  # type: ignore[arg-type]


def test_a_half_written_file_is_left_alone(hdfs: Any) -> None:
    hdfs.files[f"{FOLDER}/0000000001-aaaaaaaa.json.partial"] = b'[{"mea'
    assert write_or_spool(Shelf(), hdfs, FOLDER, batch(0)) == Outcome(2, 0, 0)  # type: ignore[arg-type]


def test_a_real_server_that_goes_down_and_comes_back_gets_every_point(
    hdfs: Any, influxd: Any, influx_store: InfluxStore, influx_settings: "Settings"
) -> None:
    write_or_spool(influx_store, hdfs, FOLDER, batch(0))
    influxd.stop()
    try:
        with pytest.raises(ServiceError, match="does not answer"):
            influx_store.ping()
        assert write_or_spool(influx_store, hdfs, FOLDER, batch(1)).waiting == 1
        assert write_or_spool(influx_store, hdfs, FOLDER, batch(2)).waiting == 2
    finally:
        influxd.start()
    assert write_or_spool(influx_store, hdfs, FOLDER, batch(3)) == Outcome(6, 0, 0)
    assert [point.time for point in influx_store.query("activity", tags={"event_type": "cart"})] == [
        NOON + timedelta(seconds=10 * number) for number in range(4)
    ]
