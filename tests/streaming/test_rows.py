"""Both ways of reading a record make the same rows of it."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from shoplab.events.wire import encode
from shoplab.streaming.hashes import xxhash64
from shoplab.streaming.moments import moments
from shoplab.streaming.plain import read_plain
from shoplab.streaming.records import stream_rows
from shoplab.streaming.rows import rows_of

GOOD = {
    "event_time": "2019-10-01 00:00:00 UTC", "event_type": "view", "product_id": "44600062",
    "category_id": "2103807459595387724", "category_code": "electronics.smartphone", "brand": "shiseido",
    "price": "35.79", "user_id": "541312140", "user_session": "72d76fde-8bb3",
}  # fmt: skip
ALWAYS = ("2000-01-01", "")
ARRIVED = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def found(*values: bytes | None) -> pa.Table:
    return pa.table({
        "partition": pa.array([n % 2 for n in range(len(values))], pa.int32()),
        "offset": pa.array(range(len(values)), pa.int64()),
        "timestamp": pa.array([ARRIVED] * len(values), pa.timestamp("us", "UTC")),
        "value": pa.array(values, pa.binary()),
    })  # fmt: skip


def by_spark(spark: SparkSession, records: pa.Table, days: tuple[str, str] = ALWAYS) -> pa.Table:
    rows = stream_rows(spark.createDataFrame(records), days).toArrow()
    return rows.sort_by([("partition", "ascending"), ("offset", "ascending")])


def shown(rows: pa.Table) -> list[dict[str, object]]:
    """Times as numbers: Python has no year 0."""
    for name, kind in (("event_time", pa.int64()), ("date", pa.int32())):
        rows = rows.set_column(rows.column_names.index(name), name, rows[name].cast(kind))
    return rows.to_pylist()


def value(**changed: str) -> bytes:
    return encode(GOOD | changed)[1]


VALUES = [
    value(), value(quantity="3"), value(quantity=""), value(quantity="0"), value(brand="", category_code=""),
    value(price=""), value(price="0"), value(price="007.50"), value(price="123456789.123456789"), value(price="-1"),
    value(user_session=""), value(category_id=""), value(user_id=""), value(product_id=""), value(user_id="None"),
    value(event_type="refund"), value(event_type="purchase", quantity="2"), value(event_type="look"),
    value(event_type="VIEW"), value(event_time=""), value(event_time="2019-10-01 00:00:00"),
    value(event_time="2019-02-29 00:00:00 UTC"), value(event_time="2020-02-29 23:59:59 UTC"),
    value(event_time="2019-13-01 00:00:00 UTC"), value(event_time="2019-10-01 24:00:00 UTC"),
    value(event_time="2026-01-02 23:59:59 UTC"), value(event_time="2026-01-03 00:00:00 UTC"),
    value(event_time="1999-12-31 23:59:59 UTC"), value(event_time="0000-01-01 00:00:00 UTC"),
    value(brand="nokia", user_session="n"), value(brand="NaN"), value(user_id="n/a"),
    value(brand="m & s", category_code="a b.c"), value(brand=" x"), value(brand="é"), value(user_session="a" * 300),
    b"", b"{}", b"not json", b"\xff\xfe", None, value() + b"\n", value().replace(b'{"', b'{ "', 1),
]  # fmt: skip


@pytest.mark.parametrize("days", [ALWAYS, ("2019-10-01", "2019-10-31"), ("2020-01-01", "2026-01-02")])
def test_rows_are_those_that_spark_makes(spark: SparkSession, days: tuple[str, str]) -> None:
    records = found(*VALUES)
    assert shown(rows_of(spark, records, days)) == shown(by_spark(spark, records, days))


def test_what_replay_sends_needs_no_spark() -> None:
    rows, is_read = read_plain(found(*VALUES), ALWAYS)
    assert is_read[:3].all()
    assert is_read[4:9].all()
    assert is_read[10:12].all()
    assert len(rows) == is_read.sum() == 18
    assert not any(is_read[VALUES.index(odd)] for odd in (b"", b"{}", None, value(price="-1"), value(brand="é")))


def test_of_nothing_there_are_no_rows(spark: SparkSession) -> None:
    assert len(rows_of(spark, found(), ALWAYS)) == 0


_TEXT = st.text(st.characters(codec="utf-8"), max_size=70)
_ROW = st.tuples(
    st.none() | _TEXT, st.none() | _TEXT, st.none() | st.integers(-(1 << 63), (1 << 63) - 1),
    st.none() | st.floats(allow_nan=False), st.integers(-(1 << 31), (1 << 31) - 1),
)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(_ROW, min_size=1, max_size=50))
def test_hashes_are_sparks(spark: SparkSession, rows: list[tuple[object, ...]]) -> None:
    types = [pa.string(), pa.string(), pa.int64(), pa.float64(), pa.int32()]
    columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), types, strict=True)]
    table = spark.createDataFrame(pa.table(columns, names=list("abcde")))
    theirs = [row[0] for row in table.select(F.xxhash64(*"abcde")).collect()]
    assert xxhash64(columns).to_pylist() == theirs


def test_a_part_of_an_array_is_hashed_as_the_whole() -> None:
    texts = pa.array(["a", None, "bcd" * 20, ""])
    assert xxhash64([texts.slice(1, 2)]).to_pylist() == xxhash64([texts]).to_pylist()[1:3]
    assert np.unique(xxhash64([texts])).size == 4


@settings(deadline=None)  # the first one compiles it
@given(st.lists(st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)), max_size=50))
def test_times_are_pythons(times: list[dt.datetime]) -> None:
    found = moments(pa.array([f"{time.replace(microsecond=0)} UTC" for time in times], pa.string()))
    assert found.to_pylist() == [time.replace(microsecond=0, tzinfo=dt.UTC) for time in times]


def test_days_that_no_calendar_has_are_no_times_and_spoil_no_others() -> None:
    """Of one batch: the others need no Spark."""
    odd = ["2019-02-29", "1900-02-29", "2019-04-31", "2019-11-31", "2000-02-30"]
    good = ["2020-02-29", "2000-02-29", "2019-12-31", "2019-01-30"]
    _, is_read = read_plain(found(*[value(event_time=f"{day} 00:00:00 UTC") for day in (*odd, *good)]), ALWAYS)
    assert is_read.tolist() == [False] * len(odd) + [True] * len(good)
