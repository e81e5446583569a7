"""Files of a session per line."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from shoplab.core.errors import LabError
from shoplab.recommend.evaluate import lines
from tests.data import csv_file, raw_line, real_file


def written(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("text", ["776,1415\n", "3 4 5\n", "\n\n7\n", "A12,B7\r\n", "\ufeff1,2\n"])
def test_ids_alone_are_sessions(tmp_path: Path, text: str) -> None:
    assert lines.is_lines(written(tmp_path / "sessions.txt", text))


@pytest.mark.parametrize(
    "text", ["session,item\n1,2\n", "", "2019-10-01 00:00:00,view,3\n", "1,22,333,pv,1511544070\n"]
)
def test_anything_else_is_not(tmp_path: Path, text: str) -> None:
    assert not lines.is_lines(written(tmp_path / "events.csv", text))


def test_events_without_a_header_are_not_sessions(tmp_path: Path) -> None:
    assert not lines.is_lines(csv_file(tmp_path / "events.csv", raw_line(), header=False))


def test_sessions_keep_order_and_repeats_and_are_named_by_their_line(tmp_path: Path) -> None:
    read = lines.read_sessions(written(tmp_path / "sessions.txt", "3,1,1\n\n2\r\n1, 2\n"))
    log = lines.log_of(read, lines.products_of(read))
    assert log.visit_ids == ("1", "3", "4")
    ids = log.products.ids
    assert [ids[row] for row in log.items] == ["3", "1", "1", "2", "1", "2"]
    assert log.starts.tolist() == [0, 3, 4, 6]
    assert (log.users < 0).all()


def test_packed_sessions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "sessions.txt.gz"
    path.write_bytes(gzip.compress(b"1,2\n3\n"))
    assert lines.is_lines(path)
    assert lines.read_sessions(path).items == [["1", "2"], ["3"]]


def test_test_sessions_come_after_training_at_its_pace(tmp_path: Path) -> None:
    past = lines.read_sessions(written(tmp_path / "train.txt", "1\n2\n3\n"))
    later = lines.read_sessions(written(tmp_path / "test.txt", "3,9\n"))
    products = lines.products_of(past)
    train, test = lines.log_of(past, products), lines.log_of(later, products, after=past)
    assert np.diff(train.times).tolist() == [10 * 86_400] * 2
    assert test.times.min() == 30 * 86_400
    assert test.items.tolist() == [2, -1]


@pytest.mark.parametrize(("text", "line"), [("1,2\n3,,4\n", 2), ("1\n\n5;6\n", 3), ("1\n2,\n", 2)])
def test_damage_is_told_by_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(LabError, match=f"line {line}:"):
        lines.read_sessions(written(tmp_path / "sessions.txt", text))


def test_binary_and_cut_files_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "sessions.txt"
    path.write_bytes(b"1,2\n\xff\xfe\n")
    with pytest.raises(LabError, match="line 2 is not text"):
        lines.read_sessions(path)
    path.write_bytes(gzip.compress(b"1,2\n" * 9_000)[:40])
    with pytest.raises(LabError, match="cut short"):
        lines.read_sessions(path)


def test_the_real_training_file() -> None:
    read = lines.read_sessions(real_file("diginetica/train.txt"))
    assert len(read.items) == 154_836
    assert sum(map(len, read.items)) == 764_583
