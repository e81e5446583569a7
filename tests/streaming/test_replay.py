import itertools
import signal
import time
from pathlib import Path

import pytest

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.schemas import RAW_COLUMNS
from shoplab.core.settings import load_settings
from shoplab.core.signals import ENDING, handled
from shoplab.events.mapping import Mapping, load_mapping
from shoplab.events.rows_python import Record, Row, _rows, sent_records
from shoplab.events.sources import inspect
from shoplab.events.wire import encode
from shoplab.streaming import replay, sending
from tests.data import csv_file, raw_line, sent_rows


def rows(path: Path, mapping: Mapping) -> list[Row]:
    return sent_rows(path, mapping)


def test_rows_keep_everything_as_text_bad_rows_too(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path / "a.csv", raw_line(category=""), raw_line(kind="look"), "", "2019-10-01 00:00:00 UTC,view"
    )
    made = rows(path, load_mapping("rees46"))
    assert [row.get("event_type") for row in made] == ["view", "look", None]
    assert (made[2]["raw"], made[2]["fault"]) == ("2019-10-01 00:00:00 UTC,view", "wrong number of columns")
    assert made[0]["price"] == "9.99"
    assert made[0]["category_code"] == ""
    assert made[2]["user_id"] == ""
    assert tuple(made[0]) == RAW_COLUMNS  # no quantity where the file has none


@pytest.mark.parametrize(
    "mapping", [Mapping(), Mapping(event_types={"look": "view"}), Mapping(time_format="yyyy-MM-dd")]
)
def test_many_rows_at_a_time_are_the_rows_one_by_one(tmp_path: Path, mapping: Mapping) -> None:
    odd = [raw_line(brand="\\"), raw_line(brand='é"'), raw_line(user=" 7.0"), "2019,view", raw_line(session="")]
    path = csv_file(
        tmp_path / "a.csv", *odd, raw_line(kind="look"), raw_line(price=""), *[raw_line(user="5")] * 3, *odd
    )
    source = inspect(path, mapping)
    assert [record[1:] for record in sent_records(source)] == [
        encode(row) for batch in source.rows() for row in _rows(batch, mapping, mapping.words)
    ]


def test_other_shops_words_and_unix_times(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("7,1,10,pv,1569888000\n7,1,10,buy,x\n")
    made = rows(path, load_mapping("taobao"))
    assert [(row["event_type"], row["event_time"]) for row in made] == [
        ("view", "2019-10-01 00:00:00 UTC"),
        ("purchase", "x"),
    ]


def test_times_by_a_pattern_are_sent_as_iso(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", raw_line(time="10/1/2019"), raw_line(time="2019-10-01 00:00:00"))
    made = rows(path, Mapping(time_format="M/d/yyyy"))
    assert [row["event_time"] for row in made] == ["2019-10-01 00:00:00 UTC", "?2019-10-01 00:00:00"]


def test_a_pattern_that_only_spark_knows_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", raw_line(time="10/1/2019"))
    with pytest.raises(LabError, match="ingest"):
        rows(path, Mapping(time_format="yyyy-DDD"))


@pytest.mark.parametrize(("rate", "speed", "due"), [(100.0, None, 0.5), (None, 120.0, 0.5), (None, None, 0.0)])
def test_pace(monkeypatch: pytest.MonkeyPatch, rate: float | None, speed: float | None, due: float) -> None:
    """The clock stands still but for the sleeps, so the last row's time is the sum of the sleeps."""
    now = itertools.accumulate(itertools.repeat(0.0))
    slept: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: next(now) + sum(slept))
    monkeypatch.setattr(time, "sleep", slept.append)
    second = [Record(f"2019-10-01 00:{i // 60:02}:{i % 60:02} UTC", b"", b"") for i in range(61)]
    assert len(list(replay.paced(iter(second), rate, speed))) == 61
    assert sum(slept) == pytest.approx(due, abs=2 * replay.BURST_S)


def test_no_kafka_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "CONNECT_S", 0.5)
    path = csv_file(tmp_path / "a.csv", raw_line())
    settings = load_settings({"SHOPLAB_HOME": str(tmp_path), "SHOPLAB_KAFKA_BOOTSTRAP": "127.0.0.1:1"})
    with pytest.raises(ServiceError, match=r"Kafka does not answer at 127\.0\.0\.1:1"):
        replay.replay(settings, inspect(path))


@pytest.mark.parametrize("number", ENDING)
def test_a_record_that_was_handed_over_when_a_signal_came_is_counted(number: signal.Signals) -> None:
    """Else a replay that goes on sends it twice."""
    taken = []

    class Interrupted:
        def produce(self, *record: object, **_: object) -> None:
            taken.append(record)
            signal.raise_signal(number)

    sender = sending.Sending(Interrupted(), "events")  # type: ignore[arg-type]
    with handled(dict.fromkeys(ENDING, sender.interrupt)):
        with pytest.raises(KeyboardInterrupt):
            sender.send(b"1", b"{}")
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert len(taken) == sender.sent == 1
