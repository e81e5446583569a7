"""Which records a replay sends: between times, and in rounds."""

import datetime as dt
from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from shoplab.events.rows_python import sent_batches
from shoplab.events.sources import inspect
from shoplab.events.times import moment, moments
from shoplab.streaming.rounds import Rounds, behind
from tests.data import DAYS, csv_file, raw_line

Row = dict[str, str]


def at(time: str, **columns: str) -> str:
    return raw_line(time=f"2019-10-{time} UTC", **columns)


def rows(batches: "list[pa.RecordBatch]") -> list[Row]:
    return [orjson.loads(value) for batch in batches for value in batch.column("value").to_pylist()]


def times(found: list[Row]) -> list[str]:
    return [row.get("event_time", "") for row in found]


def test_from_and_to_are_half_open(tmp_path: Path) -> None:
    lines = [at("01 23:59:59"), at("02 00:00:00"), at("02 12:00:00", brand="é"), raw_line(time="?"), "no row",
             at("02 23:59:59"), at("03 00:00:00", brand="é"), at("03 00:00:00")]  # fmt: skip
    source = inspect(csv_file(tmp_path / "a.csv", *lines))
    since, until = dt.datetime(2019, 10, 2), dt.datetime(2019, 10, 3)

    def sent(since: dt.datetime | None, until: dt.datetime | None) -> list[str]:
        return times(rows(list(Rounds(source, since, until, DAYS).once())))

    second = ["2019-10-02 00:00:00 UTC", "2019-10-02 12:00:00 UTC", "2019-10-02 23:59:59 UTC"]
    assert sent(since, until) == second
    assert sent(None, until) == ["2019-10-01 23:59:59 UTC", *second]
    assert sent(since, None) == [*second, *["2019-10-03 00:00:00 UTC"] * 2]
    assert len(sent(None, None)) == len(lines)


def test_rounds_are_of_later_days_and_double_nothing(tmp_path: Path) -> None:
    """Until the last day that events may be of. The file's days are the 30th and the 31st, whatever else it says."""
    good = [at("30 12:00:00", session="a"), at("31 11:00:00", session="a"), at("31 23:59:59", brand="é", session="b")]
    odd = [at("30 13:00:00", session="null"), raw_line(time="1999-01-01 00:00:00 UTC"), raw_line(time="?"), "no row"]
    source = inspect(csv_file(tmp_path / "a.csv", *good, *odd))
    sent = rows(list(Rounds(source, None, None, ("2019-01-01", "2019-11-05")).endless()))
    first, second, third = sent[:7], sent[7:12], sent[12:]
    assert times(first) == times(rows(list(sent_batches(source))))
    later = ["01 12:00:00", "02 11:00:00", "02 23:59:59", "01 13:00:00"]
    assert times(second)[:4] == [f"2019-11-{time} UTC" for time in later]
    assert times(third)[:4] == [f"2019-11-{int(time[:2]) + 2:02}{time[2:]} UTC" for time in later]
    assert [row["user_session"] for row in second[:4]] == ["a-1", "a-1", "b-1", "null"]
    timed = [orjson.dumps(row) for row in sent if moment(row.get("event_time", "")) is not None]
    assert len(set(timed)) == len(timed) == 15


def test_rounds_between_times_are_as_long_as_what_is_sent(tmp_path: Path) -> None:
    source = inspect(csv_file(tmp_path / "a.csv", *[at(f"{day:02} 00:00:00") for day in range(1, 31)]))
    sent = rows(list(Rounds(source, dt.datetime(2019, 10, 2), dt.datetime(2019, 10, 4), DAYS).once()))
    assert len(sent) == 2
    looped = Rounds(source, dt.datetime(2019, 10, 2), dt.datetime(2019, 10, 4), ("2019-01-01", "2019-10-07")).endless()
    assert [time[8:10] for time in times(rows(list(looped)))] == ["02", "03", "04", "05", "06", "07"]


def test_a_file_without_times_has_one_round(tmp_path: Path) -> None:
    source = inspect(csv_file(tmp_path / "a.csv", raw_line(time="?"), raw_line(time="")))
    assert len(rows(list(Rounds(source, None, None, DAYS).endless()))) == 2


@pytest.mark.parametrize("skipped", [0, 1, 3, 4, 7, 8])
def test_what_was_sent_before_is_left_out(skipped: int) -> None:
    batches = [pa.record_batch({"n": part}) for part in ([0, 1, 2], [3], [4, 5, 6])]
    left = [n for batch in behind(iter(batches), skipped) for n in batch.column("n").to_pylist()]
    assert left == list(range(7))[skipped:]


def test_times_of_many_are_those_one_by_one() -> None:
    texts = ["2019-10-01 00:00:00 UTC", "2020-02-29 23:59:59", "2019-10-01T02:00:00+02:00", "2019-10-01 00:00:00.5 UTC",
             "2019-02-30 00:00:00 UTC", "2019-10-01", "", "?", "20191001", "2019-10-01 25:00:00"]  # fmt: skip
    known = [dt.datetime(2019, 10, 1), dt.datetime(2020, 2, 29, 23, 59, 59), *[dt.datetime(2019, 10, 1)] * 2]
    wanted = known + [None] * (len(texts) - len(known))
    assert moments(pa.array(texts)).to_pylist() == wanted
    assert [moments(pa.array([text])).to_pylist()[0] for text in texts] == wanted
