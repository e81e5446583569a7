"""Parquet with columns of every kind."""

import datetime as dt
import gzip
import io
import zipfile
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from tests.events.corpus.case import NAMES, Case, Outcome, event, row, written

_AT = dt.datetime(2019, 10, 1)
_DAY_MS = 1569888000000


def _bytes(columns: dict[str, pa.Array], **options: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def _columns(**others: pa.Array) -> dict[str, pa.Array]:
    """A plain row for each value of the others."""
    size = len(next(iter(others.values()))) if others else 1
    return {name: pa.array([value] * size) for name, value in row().items()} | others


def _typed(name: str, column: str, values: pa.Array, *outcomes: object, map: str = "") -> Case:
    rows: list[Outcome] = [
        text[1:] if isinstance(text, str) and text.startswith("!") else event(**{column: text}) for text in outcomes
    ]
    return written(f"Parquet: {column} as {name}", _bytes(_columns(**{column: values})), *rows, map=map)


def _zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.parquet", data)
    return file.getvalue()


_WHOLE = _bytes(_columns())
_LOST = "!user_id has an exponent: digits are lost"
_NO_TIME = "!event_time is not a time"
_TIME = "2019-10-01 00:00:00"

_IDS = [
    _typed("int64", "user_id", pa.array([7, -7, 2**63 - 1, None]), "7", "-7", str(2**63 - 1), "!no user_id"),
    _typed("uint64", "user_id", pa.array([2**64 - 1], pa.uint64()), str(2**64 - 1)),
    _typed("int8", "user_id", pa.array([7], pa.int8()), "7"),
    _typed(
        "float64",
        "user_id",
        pa.array([7.0, 541312140.0, 2.0**53, 1e20, 7.5, float("nan"), None]),
        "7",
        "541312140",
        _LOST,
        _LOST,
        "7.5",
        "!no user_id",
        "!no user_id",
    ),
    _typed(
        "float32",
        "user_id",
        pa.array([7.0, 541312140.0, 16777215.0, 16777216.0], pa.float32()),
        "7",
        _LOST,
        "16777215",
        _LOST,
    ),
    _typed(
        "decimal", "user_id", pa.array([Decimal("7"), Decimal("541312140")], pa.decimal128(20, 0)), "7", "541312140"
    ),
    _typed("decimal with places", "user_id", pa.array([Decimal("7.00")], pa.decimal128(20, 2)), "7"),
    _typed("decimal of 256 bits", "user_id", pa.array([Decimal("7")], pa.decimal256(60, 0)), "7"),
    _typed("dictionary", "user_id", pa.array(["7", "8", "7", None]).dictionary_encode(), "7", "8", "7", "!no user_id"),
    _typed("dictionary of numbers", "user_id", pa.array([7, 8]).dictionary_encode(), "7", "8"),
    _typed("bool", "user_id", pa.array([True, False]), "true", "false"),
    _typed("large_string", "user_id", pa.array(["7"], pa.large_string()), "7"),
    _typed("string_view", "user_id", pa.array(["7"], pa.string_view()), "7"),
    _typed("binary", "user_id", pa.array([b"7", b"\xff"], pa.binary()), "7", "!not UTF-8: byte 0xff"),
    _typed("binary of fixed size", "user_id", pa.array([b"7", b"8"], pa.binary(1)), "7", "8"),
    _typed(
        "text that is no UTF-8",
        "brand",
        pa.StringArray.from_buffers(2, pa.py_buffer(b"\0\0\0\0\1\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xe9b")),
        "a",
        "!not UTF-8: byte 0xe9",
    ),
    _typed("nothing", "brand", pa.nulls(1), None),
    _typed("UUID", "user_id", pa.array([bytes(15) + b"\5"], pa.uuid()), "00000000-0000-0000-0000-000000000005"),
    written("Parquet: user_id as a list", _bytes(_columns(user_id=pa.array([[7]]))), refused="user_id as list"),
    written("Parquet: user_id nested", _bytes(_columns(user_id=pa.array([{"a": 7}]))), refused="user_id as struct"),
    _typed("floats of half precision", "price", pa.array([1.5], pa.float16()), 1.5),
    _typed("float32", "price", pa.array([9.99, 1e-7, None], pa.float32()), 9.99, 1e-7, None),
    _typed(
        "float64",
        "price",
        pa.array([9.99, 1e22, float("nan"), float("inf"), -0.0]),
        9.99,
        "!price is not a number",
        "!price is not a number",
        "!price is not a number",
        0.0,
    ),
    _typed("decimal", "price", pa.array([Decimal("9.99"), Decimal("0.0000001")], pa.decimal128(20, 7)), 9.99, 1e-7),
    _typed("text with control characters", "brand", pa.array(["a\0b", "a\nb"]), "!a control character in it", "a\nb"),
    _typed(
        "text of two million characters",
        "brand",
        pa.array(["x" * 2_000_000, "b"]),
        "!longer than a Kafka record may be",
        "b",
    ),
]


def _stamps(unit: str, zone: str | None = None) -> pa.Array:
    return pa.array([_AT]).cast(pa.timestamp(unit)).cast(pa.timestamp(unit, zone))


_TIMES = [
    *[_typed(f"timestamp in {unit}", "event_time", _stamps(unit), _TIME) for unit in ("s", "ms", "us", "ns")],
    *[
        _typed(f"timestamp in {unit} with a zone", "event_time", _stamps(unit, "Europe/Berlin"), _TIME)
        for unit in ("s", "ms", "us", "ns")
    ],
    _typed("timestamp with an offset", "event_time", _stamps("us", "+05:30"), _TIME),
    _typed(
        "timestamp with fractions", "event_time", pa.array([1569888000123456789], pa.timestamp("ns")), f"{_TIME}.123456"
    ),
    _typed(
        "timestamp far off",
        "event_time",
        pa.array([18446744073709 + 1569888000, 10**13, -(10**13), 253402300800], pa.timestamp("s")),
        *[_NO_TIME] * 4,
    ),
    _typed(
        "timestamp in ms far off",
        "event_time",
        pa.array([18446744073709551 + _DAY_MS, 1], pa.timestamp("ms")),
        _NO_TIME,
        "!event_time is before 2000-01-01",
    ),
    _typed(
        "timestamp of the year 1",
        "event_time",
        pa.array([dt.datetime(1, 1, 1)], pa.timestamp("us")),
        "!event_time is before 2000-01-01",
    ),
    written(
        "Parquet: times of old, far off",
        _bytes(
            _columns(event_time=pa.array([_AT, _AT.replace(year=2604)], pa.timestamp("us"))),
            use_deprecated_int96_timestamps=True,
        ),
        event(),
        "event_time is after 2030-12-31",
    ),
    _typed("date32", "event_time", pa.array([dt.date(2019, 10, 1)]), _NO_TIME),
    _typed("date32 by a map", "event_time", pa.array([dt.date(2019, 10, 1)]), _TIME, map="time_format: yyyy-MM-dd"),
    _typed(
        "date64 by a map",
        "event_time",
        pa.array([dt.date(2019, 10, 1)], pa.date64()),
        _TIME,
        map="time_format: [yyyy-MM-dd, iso]",
    ),
    _typed("int64 in milliseconds", "event_time", pa.array([_DAY_MS]), _TIME, map="time_format: unix_ms"),
    _typed("float64 in seconds", "event_time", pa.array([1569888000.5]), f"{_TIME}.5", map="time_format: unix"),
    _typed("a time of day", "event_time", pa.array([dt.time(1, 2, 3)]), _NO_TIME),
    _typed("a span of time", "event_time", pa.array([dt.timedelta(days=1)]), _NO_TIME),
]

_FILES = [
    *[
        written(f"Parquet packed by {codec}", _bytes(_columns(), compression=codec), event())
        for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4")
    ],
    written("Parquet of version 2 pages", _bytes(_columns(), data_page_version="2.0"), event()),
    written("Parquet without rows", _bytes({name: pa.array([], pa.string()) for name in NAMES})),
    written(
        "Parquet of many groups",
        _bytes(_columns(user_id=pa.array(range(50))), row_group_size=7),
        *[event(user_id=str(number)) for number in range(50)],
    ),
    written("Parquet, cut short", _WHOLE[:-20], refused="not a whole Parquet file"),
    written("Parquet, cut at its start", b"PAR1" + _WHOLE[200:], refused="is damaged"),
    written("Parquet, only its magic", b"PAR1", refused="not a whole Parquet file"),
    written("Parquet of no columns", _bytes({"a": pa.array([1])}), refused="has no column event_time"),
    written("Parquet in gzip", gzip.compress(_WHOLE), event()),
    written("Parquet in zip", _zip(_WHOLE), event()),
    written("Parquet in gzip in zip", _zip(gzip.compress(_WHOLE)), event()),
    written(
        "Parquet with nested columns that are not used",
        _bytes(_columns(tags=pa.array([["a"]]), shop=pa.array([{"price": 1, "user_id": 2}]))),
        event(),
    ),
    written(
        "Parquet with a dot in a name",
        _bytes(_columns(**{"a.b": pa.array(["x"])})),
        event(brand="x"),
        map="columns: {brand: a.b}",
    ),
    written(
        "Parquet with names of other letters",
        _bytes({name.upper(): pa.array([value]) for name, value in row().items()}),
        event(),
    ),
]

CASES = [*_IDS, *_TIMES, *_FILES]
