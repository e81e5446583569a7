from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplab.core.schemas import SOURCE_COLUMNS
from shoplab.events import clean
from shoplab.events.mapping import Mapping
from shoplab.events.rows import RAW_LENGTH
from tests.data import csv_file, raw_line, real_file
from tests.data import typed_rows as typed


def reasons(spark: SparkSession, path: Path, mapping: Mapping | None = None) -> dict[int, str]:
    """Line -> reason."""
    return {row["line"]: row["reason"] for row in typed(spark, path, mapping).where("reason is not null").collect()}


def test_every_bad_row_has_its_line_and_reason(spark: SparkSession, tmp_path: Path) -> None:
    bad = {
        "wrong number of columns": "2019-10-01 00:00:00 UTC,view,1",
        "no event_time": raw_line(time=""),
        "event_time is not a time": raw_line(time="12:30"),
        "event_time is before 2000-01-01": raw_line(time="1999-12-31 23:59:59 UTC"),
        "event_time is after 2030-12-31": raw_line(time="2031-01-01 00:00:00 UTC"),
        "no event_type": raw_line(kind=" "),
        "unknown event_type": raw_line(kind="look"),
        "no product_id": raw_line(product=""),
        "no user_id": raw_line(user=""),
        "user_id has an exponent: digits are lost": raw_line(user="5.2E+08"),
        "price is not a number": raw_line(price="cheap"),
        "price is negative": raw_line(price="-1"),
    }
    path = csv_file(tmp_path / "a.csv", raw_line(), "", *bad.values(), raw_line(price="NaN"), raw_line(price="0"))
    expected = dict(enumerate(bad, start=4)) | {16: "price is not a number"}
    assert reasons(spark, path) == expected


def test_a_line_of_ten_megabytes_is_one_rejected_row(spark: SparkSession, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", raw_line(), "x" * 10_000_000, raw_line(product="2"))
    assert reasons(spark, path) == {3: "wrong number of columns"}
    assert typed(spark, path).where("reason is not null").first()["raw"] == "x" * RAW_LENGTH  # type: ignore[index]


def test_types_blanks_and_line_ends(spark: SparkSession, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", raw_line(category="", brand="", price="", session=""), end="\r\n")
    row = clean.good(typed(spark, path)).selectExpr("*", "unix_timestamp(event_time) as s").first()
    assert row is not None
    assert (row["s"], row["product_id"], row["user_id"]) == (1569888000, "1", "7")
    assert [row[c] for c in ("category_code", "brand", "price", "user_session")] == [None] * 4


@pytest.mark.parametrize(
    ("time_format", "text"),
    [(None, "2019-10-01T00:00:00Z"), (None, "2019-10-01 02:00:00+02:00"), ("unix", "1569888000"),
     ("unix_ms", "1569888000000"), ("M/d/yyyy H:mm", "10/1/2019 0:00")],
)  # fmt: skip
def test_times_of_other_shops(spark: SparkSession, tmp_path: Path, time_format: str | None, text: str) -> None:
    path = csv_file(tmp_path / "a.csv", raw_line(time=text))
    row = typed(spark, path, Mapping(time_format=time_format)).selectExpr("unix_timestamp(event_time) as s").first()
    assert row is not None
    assert row["s"] == 1569888000


def test_words_of_other_shops(spark: SparkSession, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", raw_line(kind="PV"), raw_line(kind="buy"), raw_line(kind="cart"))
    kinds = typed(spark, path, Mapping(event_types={"pv": "view", "buy": "purchase"})).select("event_type").collect()
    assert [row[0] for row in kinds] == ["view", "purchase", "cart"]


@pytest.mark.parametrize(("time_format", "text"), [("unix", "-1"), ("unix_ms", "-1000"), (None, "1066-10-14 09:00:00")])
def test_a_clock_before_1970_is_rejected(
    spark: SparkSession, tmp_path: Path, time_format: str | None, text: str
) -> None:
    path = csv_file(tmp_path / "a.csv", raw_line(time=text))
    assert reasons(spark, path, Mapping(time_format=time_format)) == {2: "event_time is before 2000-01-01"}


def with_quantities(path: Path, *rows: tuple[str, str]) -> Path:
    """A file of (event type, quantity)."""
    lines = [f"{raw_line(kind=kind)},{quantity}" for kind, quantity in rows]
    path.write_text("\n".join([",".join(SOURCE_COLUMNS), *lines]))
    return path


def test_a_purchase_of_a_negative_quantity_is_a_refund(spark: SparkSession, tmp_path: Path) -> None:
    path = with_quantities(
        tmp_path / "a.csv",
        ("purchase", "3"), ("purchase", " -2.0"), ("purchase", ""), ("refund", "4"), ("refund", "-5"), ("view", "1"),
    )  # fmt: skip
    events = clean.good(typed(spark, path)).select("event_type", "quantity").collect()
    assert [tuple(row) for row in events] == [
        ("purchase", 3), ("refund", 2), ("purchase", None), ("refund", 4), ("refund", 5), ("view", 1),
    ]  # fmt: skip


def test_a_quantity_that_counts_nothing_is_rejected(spark: SparkSession, tmp_path: Path) -> None:
    bad = [("purchase", text) for text in ("2.5", "two", "NaN", "Infinity", "1e300")]
    path = with_quantities(tmp_path / "a.csv", *bad, ("purchase", "0"), ("purchase", "-0.0"), ("cart", "-1"))
    whole, zero, negative = "quantity is not a whole number", "quantity is 0", "quantity is negative"
    expected = [whole, whole, whole, whole, whole, zero, zero, negative]
    assert reasons(spark, path) == dict(enumerate(expected, start=2))


def test_a_file_without_quantity_has_none(spark: SparkSession, tmp_path: Path) -> None:
    good = clean.good(typed(spark, csv_file(tmp_path / "a.csv", raw_line(kind="purchase"))))
    assert [row["quantity"] for row in good.collect()] == [None]
    assert good.schema["quantity"].dataType.typeName() == "long"


def test_quoted_texts_hold_commas_and_quotes(spark: SparkSession, tmp_path: Path) -> None:
    """A quote is doubled, as spreadsheets write it; a backslash is a character like others."""
    path = tmp_path / "a.csv"
    notes = ['"a, b"', '"GARLAND , ""HAPPY EASTER"", RED"', '"7"" FRAME, SMALL"', '"a \\"', 'a "b" c']
    lines = [f"2019-10-01 00:00:00,view,{note},p{number},u" for number, note in enumerate(notes)]
    path.write_text("\n".join(["event_time,event_type,note,product_id,user_id", *lines]))
    assert [row["product_id"] for row in clean.good(typed(spark, path)).collect()] == ["p0", "p1", "p2", "p3", "p4"]


def test_missing_sessions_are_filled_by_the_gap(spark: SparkSession, tmp_path: Path) -> None:
    times = ["00:00:00", "00:29:00", "00:59:00", "01:29:01"]
    path = csv_file(tmp_path / "a.csv", *[raw_line(time=f"2019-10-01 {t} UTC", session="") for t in times],
                    raw_line(user="8", time="2019-10-01 00:10:00 UTC", session=""))  # fmt: skip
    filled = clean.fill_sessions(clean.good(typed(spark, path))).sort("user_id", "event_time").collect()
    assert [row["user_session"] for row in filled] == ["7-20191001T000000"] * 3 + [
        "7-20191001T012901",
        "8-20191001T001000",
    ]


def test_the_real_october_slice(spark: SparkSession) -> None:
    path = real_file("rees46/2019-Oct-slice.csv")
    good = clean.good(typed(spark, path))
    assert good.count() == 17_434
    assert good.distinct().count() == 17_429
    assert good.where("price = 0").count() == 19
    assert reasons(spark, path) == {17_436: "wrong number of columns"}


def test_the_real_november_slice_has_no_header(spark: SparkSession) -> None:
    assert clean.good(typed(spark, real_file("rees46/2019-Nov-slice-noheader.csv"))).count() == 683
