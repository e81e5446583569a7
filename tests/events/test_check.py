"""One event is refused for what a row of a file is refused for: the same rules, with Spark and without."""

import csv
import io
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplab.core.schemas import RAW_COLUMNS
from shoplab.events.check import fault
from tests.data import csv_file, raw_line
from tests.data import typed_rows as typed

DAYS = ("2000-01-01", "2030-12-31")  # as tests.data's
TIMES = (
    "", "null", "12:30", "2019", "2019-10-01", "1999-12-31 23:59:59", "2031-01-01 00:00:00",
    "2019-02-30 00:00:00", "2019-10-01T00:00:00Z", "2019-10-01 99:00:00", "0001-01-01 00:00:00",
    "2019-10-01 7:00", "2019-10-01 7:5:9", "2019-10-01 07:05:9 UTC", "2019-10-01 7",
    "2019-10-01T7:00Z", "2019-10-01T07:00Z", "2019-10-01 07:00 UTC",
    "2019-10-01 07:00+03:00", "2019-10-01 07Z", "2019-10-01 07:00:00 +03:00",
    "2019-10-01 7:00:00.5", "2019-10-01 7:00:00+03:00", "2019-10-01 7:00:", "2019-10-01 7:60", "2019-10-01 :07",
    " 2019-10-01 00:00:00 UTC ", "2019-10-01 00:00:00 CST", "9999-12-31 00:00:00",
)  # fmt: skip
KINDS = ("", " ", "look", "VIEW", "view ", "refund", "remove_from_cart", "nan")
PRODUCTS = ("", "NULL", "13085.0", "5.2E+08", "'17", "a b", "a\x01b", "0")
USERS = ("", " ", "none", "5.2E+08", "7.00", "\u00a07", "user/1", "x\x7f")
PRICES = ("", " ", "-1", "-0.0", "cheap", "NaN", "1e13", "1e3", "0x1p3", "1.5d", "+2", ".5", "1.", "Infinity", " 3 ",
          "1 0")  # fmt: skip
LINES = [
    *(raw_line(time=time) for time in TIMES), *(raw_line(kind=kind) for kind in KINDS),
    *(raw_line(product=product) for product in PRODUCTS), *(raw_line(user=user) for user in USERS),
    *(raw_line(price=price) for price in PRICES), raw_line(brand="a\x02b"), raw_line(category="a\x1fb"),
    raw_line(session="5.41E+08"), raw_line(session="s\x02"), raw_line(),
]  # fmt: skip


def test_every_row_has_one_reason_by_both(spark: SparkSession, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", *LINES)
    found = {row["line"]: row["reason"] or "" for row in typed(spark, path).select("line", "reason").collect()}
    events = [dict(zip(RAW_COLUMNS, next(csv.reader(io.StringIO(line))), strict=True)) for line in LINES]
    assert len(found) == len(LINES)
    said = {line: fault(event, DAYS) for line, event in zip(sorted(found), events, strict=True)}
    differing = {LINES[place]: (found[line], said[line]) for place, line in enumerate(sorted(found))
                 if found[line] != said[line]}  # fmt: skip
    assert differing == {}
    assert len(set(said.values())) > 10


@pytest.mark.parametrize(
    ("quantity", "kind", "reason"),
    [("2", "view", ""), ("", "view", ""), ("0", "view", "quantity is 0"), ("-1", "purchase", ""),
     ("1.5", "view", "quantity is not a whole number"), ("-1", "view", "quantity is negative"),
     ("NaN", "view", "quantity is not a whole number")],
)  # fmt: skip
def test_quantities(quantity: str, kind: str, reason: str) -> None:
    event = {"event_time": "2019-10-01 00:00:00 UTC", "event_type": kind, "product_id": "1", "user_id": "7"}
    assert fault(event | {"quantity": quantity}, DAYS) == reason
