"""Random events in every dialect, read back equal; random bytes and damaged files, at most one line of error."""

import bz2
import codecs
import csv
import gzip
import io
import json
import lzma
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from shoplab.core.errors import LabError
from shoplab.events import rows_csv
from shoplab.events.dialect import Dialect
from shoplab.events.mapping import REES46, Mapping, load_mapping
from shoplab.events.rows import ROWS
from shoplab.events.rows_csv import CsvReader
from shoplab.events.rows_python import sent_records
from shoplab.events.sources import inspect
from tests.events.corpus.case import NAMES, row

MANY = settings(
    max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
SHOP = load_mapping(REES46)

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\ufeff" + "".join(map(chr, range(9)))), max_size=12)
EVENTS = st.lists(
    st.fixed_dictionaries({
        "event_time": st.datetimes().map(lambda time: f"{time:%Y-%m-%d %H:%M:%S} UTC"),
        "event_type": st.sampled_from(["view", "cart", "purchase"]), "product_id": st.integers(0, 2**70).map(str),
        "category_id": TEXT, "category_code": TEXT, "brand": TEXT, "price": st.decimals(0, 9999, places=2).map(str),
        "user_id": st.integers(0, 10**9).map(str), "user_session": st.uuids().map(str),
    }), min_size=1, max_size=4,
)  # fmt: skip
PACKERS: list[Callable[[bytes], bytes]] = [
    lambda data: data, gzip.compress, bz2.compress, lzma.compress,
    lambda data: pa.Codec("zstd").compress(data, asbytes=True),
]  # fmt: skip
ENCODERS: list[Callable[[str], bytes]] = [
    str.encode, lambda text: codecs.BOM_UTF8 + text.encode(), lambda text: text.encode("utf-16"),
]  # fmt: skip


def read(data: bytes, mapping: Mapping | None = None) -> list[dict[str, object]]:
    """All rows of a file of these bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events")
        path.write_bytes(data)
        return [found for batch in inspect(path, mapping).rows() for found in batch.to_pylist()]


def values(rows: list[dict[str, object]], names: tuple[str, ...] = NAMES) -> list[dict[str, object]]:
    assert [each["fault"] for each in rows if each["fault"]] == []
    return [{name: each[name] or "" for name in names} for each in rows]


@MANY
@given(
    events=EVENTS, names=st.permutations(NAMES), delimiter=st.sampled_from(",\t;|"),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]), pack=st.sampled_from(PACKERS),
    encode_text=st.sampled_from(ENCODERS),
)  # fmt: skip
def test_csv_in_any_dialect_reads_back(events, names, delimiter, end, quoting, pack, encode_text):  # type: ignore
    file = io.StringIO()
    writer = csv.DictWriter(file, names, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writeheader()
    writer.writerows(events)
    assert values(read(pack(encode_text(file.getvalue())))) == events


@MANY
@given(events=EVENTS, pack=st.sampled_from(PACKERS), encode_text=st.sampled_from(ENCODERS), plain=st.booleans())
def test_json_lines_read_back(events, pack, encode_text, plain) -> None:  # type: ignore[no-untyped-def]
    lines = "".join(json.dumps(each, ensure_ascii=plain) + "\n" for each in events)
    assert values(read(pack(encode_text(lines)))) == events


@MANY
@given(events=EVENTS, names=st.permutations(NAMES), codec=st.sampled_from(["none", "snappy", "zstd", "brotli", "gzip"]))
def test_parquet_reads_back(events, names, codec) -> None:  # type: ignore[no-untyped-def]
    file = io.BytesIO()
    pq.write_table(pa.table({name: [each[name] for each in events] for name in names}), file, compression=codec)
    assert values(read(file.getvalue())) == events


LINES = st.lists(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters='"\r'), max_size=3), max_size=4), max_size=6
)
OURS = Dialect(("event_time", "product_id", "user_id"), True)
MAP = Mapping(constants={"event_type": "view"})


@MANY
@given(text=LINES.map(lambda lines: "\n".join(map(",".join, lines))), end=st.sampled_from(["", "\n", "\r\n"]))
def test_the_fast_way_reads_what_the_careful_way_reads(text: str, end: str) -> None:
    block = (text + end).encode()
    plain = CsvReader(OURS, MAP)._plain(block, 1) if block else None
    assume(plain is not None)
    assert plain == CsvReader(OURS, MAP)._careful(block, 1, True)[0]


@MANY
@given(text=st.text(st.sampled_from('a",\n\r;\\\ufeffé'), max_size=60), size=st.integers(1, 9))
@example(text='a,"b\nc",d\n', size=1)
def test_the_size_of_chunks_changes_nothing(text: str, size: int) -> None:
    found = []
    for chunk in (size, 8 << 20):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rows_csv, "CHUNK", chunk)
            batches = list(CsvReader(OURS, MAP).batches(io.BytesIO(text.encode())))
            found.append(pa.Table.from_batches(batches, ROWS).to_pylist())
    assert found[0] == found[1]


def read_or_refused(data: bytes) -> None:
    """Rows that can be sent, or one line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events")
        path.write_bytes(data)
        refused = ""
        try:
            for _ in sent_records(inspect(path)):
                pass
        except LabError as error:
            refused = str(error)
        assert len(refused.splitlines()) <= 1


STARTS = (
    b"",
    b"PAR1",
    b"\x1f\x8b\x08",
    b"BZh9",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"PK\3\4",
    b"{",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
)


@MANY
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=300))
def test_random_bytes_are_refused_in_one_line(start: bytes, rest: bytes) -> None:
    read_or_refused(start + rest)


def _valid() -> list[bytes]:
    text = "\n".join([",".join(NAMES), *[",".join(row(brand='"a ""b"""').values())] * 3]).encode()
    lines = (json.dumps(row()) + "\n").encode() * 3
    file = io.BytesIO()
    pq.write_table(pa.table({name: [value] * 3 for name, value in row().items()}), file)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", text)
    return [
        text,
        lines,
        file.getvalue(),
        packed.getvalue(),
        text.decode().encode("utf-16"),
        *[pack(text) for pack in PACKERS[1:]],
    ]


VALID = _valid()


@settings(MANY, max_examples=200)
@given(
    whole=st.sampled_from(VALID),
    place=st.floats(0, 1, exclude_max=True),
    put=st.binary(max_size=4),
    cut=st.integers(0, 6),
)
def test_damaged_files_are_read_or_refused_in_one_line(whole: bytes, place: float, put: bytes, cut: int) -> None:
    at = int(place * len(whole))
    read_or_refused(whole[:at] + put + whole[at + cut :])
