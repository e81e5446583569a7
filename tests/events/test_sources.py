import gzip
import zipfile
from pathlib import Path

import pytest

from shoplab.core.errors import LabError
from shoplab.core.schemas import RAW_COLUMNS
from shoplab.events.mapping import Mapping, load_mapping
from shoplab.events.sources import inspect
from tests.data import csv_file, raw_line, real_file

REES46 = load_mapping("rees46")


def test_header_is_found_and_left_out(tmp_path: Path) -> None:
    source = inspect(csv_file(tmp_path / "a.csv", raw_line()), REES46)
    [part] = source.parts
    assert part.dialect is not None
    assert part.dialect.header
    assert part.names == list(RAW_COLUMNS)


def test_a_file_without_header_has_the_maps_columns(tmp_path: Path) -> None:
    [part] = inspect(csv_file(tmp_path / "a.csv", raw_line(), header=False), REES46).parts
    assert part.dialect is not None
    assert not part.dialect.header
    assert part.names == REES46.names


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", raw_line())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert inspect(path, REES46).parts[0].names[0] == "event_time"


def test_kind_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    plain = csv_file(tmp_path / "a.csv", raw_line())
    packed = tmp_path / "b.csv"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    zipped = tmp_path / "c.dat"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.write(plain, "a.csv")
    read = [list(inspect(path, REES46).rows()) for path in (plain, packed, zipped)]
    assert read[0] == read[1] == read[2]


def _gz_cut_short(path: Path) -> Path:
    lines = [raw_line(product=str(number), session=f"s{number * 7919}") for number in range(5000)]
    whole = gzip.compress("\n".join(lines).encode())
    path.write_bytes(whole[: len(whole) // 2])
    return path


def _zip_cut_short(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", raw_line())
    path.write_bytes(path.read_bytes()[:-30])
    return path


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: p, "no such file"),
        (lambda p: p.parent, "can't be read"),
        (lambda p: _written(p, b""), "is empty"),
        (lambda p: _written(p, gzip.compress(b"")), "is empty"),
        (lambda p: _written(p, bytes(range(256)) * 50), "is not text"),
        (lambda p: _written(p, "event_time,ü\n".encode("utf-16")), "no column event_type"),
        (_gz_cut_short, "cut short"),
        (_zip_cut_short, "cut short"),
        (lambda p: _written(p, b"PAR1 and then nothing"), "not a whole Parquet file"),
        (lambda p: _written(p, b"a,b,c\n1,2,3\n"), "no column event_time, event_type, product_id, user_id"),
        (lambda p: csv_file(p, raw_line()[:40], header=False), "columns and no header"),
        (
            lambda p: _written(p, b"event_time,event_type,product_id,user_id,user_id\n"),
            "names a column twice",
        ),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, make: object, words: str) -> None:
    path = make(tmp_path / "bad.csv")  # type: ignore[operator]
    with pytest.raises(LabError, match=words) as refused:
        inspect(path, REES46)
    assert "\n" not in str(refused.value)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", raw_line())
    source = inspect(path, REES46)
    path.write_text(path.read_text() + raw_line() + "\n")
    with pytest.raises(LabError, match="was changed while it was read"):
        list(source.rows())


def test_ids_ruined_by_a_spreadsheet_are_refused_with_the_line(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", raw_line(), *[raw_line(product="2.35E+18")] * 3)
    with pytest.raises(LabError, match=r"line 3 has product_id 2.35E\+18"):
        inspect(path, REES46)


def test_a_constant_stands_in_for_a_missing_column(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.csv", b"when,what,who\n2019-10-01 00:00:00,1,2\n")
    names = {"event_time": "when", "product_id": "what", "user_id": "who"}
    assert inspect(path, Mapping(columns=names, constants={"event_type": "purchase"})).parts[0].names == [
        "when",
        "what",
        "who",
    ]


def test_the_real_damaged_file_is_refused() -> None:
    with pytest.raises(LabError, match="damaged by a spreadsheet"):
        inspect(real_file("rees46/damaged-by-spreadsheet.csv"), REES46)
