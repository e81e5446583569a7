from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from shoplab.behaviour.columns import revenue
from shoplab.events import clean, rows_python
from shoplab.events.mapping import Mapping, load_mapping
from shoplab.events.sources import inspect
from shoplab.events.wire import encode
from shoplab.streaming.records import hashed, read_records
from tests.data import DAYS, csv_file, raw_line, typed_rows
from tests.streaming.kafka_records import records

REES46 = load_mapping("rees46")


def replayed(spark: SparkSession, path: Path, mapping: Mapping = REES46) -> DataFrame:
    return records(spark, *[sent.value for sent in rows_python.sent_records(inspect(path, mapping))])


def test_quantities_and_refunds_are_the_batchs(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = ["i1,p1,3,2.5,u1.0", "Ci1,p1,-1,2.5,u1.0", "i2,p2,,1,7.0", "i3,p2,0,1,7.0", "i4,p2,1.5,1,7.0"]
    path.write_text(
        "\n".join(["InvoiceNo,StockCode,Quantity,UnitPrice,CustomerID,InvoiceDate"]
                  + [f"{line},2010-12-01 08:26:00" for line in lines])
    )  # fmt: skip
    mapping = load_mapping("online-retail")
    batch = typed_rows(spark, path, mapping)
    stream = read_records(replayed(spark, path, mapping), REES46, DAYS)
    made = clean.good_events(stream)
    assert sorted(map(str, made.collect())) == sorted(map(str, clean.good_events(batch).collect()))
    rows = made.sort("user_session").select("event_type", "quantity", "user_id").collect()
    assert [tuple(row) for row in rows] == [("refund", 1, "u1.0"), ("purchase", 3, "u1.0"), ("purchase", None, "7")]
    assert made.agg(revenue()).collect()[0][0] == 6.0


def test_the_same_rows_give_the_same_events_both_ways(spark: SparkSession, tmp_path: Path) -> None:
    path = csv_file(
        tmp_path / "a.csv",
        raw_line(),
        raw_line(),  # an exact duplicate
        raw_line(price="", brand="", category="", session=""),
        raw_line(kind="look"),
        raw_line(price="0", time="2019-10-31 23:59:59 UTC"),
        raw_line(user=""),
    )
    batch = typed_rows(spark, path)
    stream = read_records(replayed(spark, path), REES46, DAYS)
    assert sorted(map(str, clean.good_events(stream).collect())) == sorted(map(str, clean.good_events(batch).collect()))
    assert clean.good_events(stream).count() == 3
    assert [r["reason"] for r in stream.sort("offset").collect()] == [r["reason"] for r in batch.sort("line").collect()]


def test_junk_on_the_topic_is_rejected_with_its_place(spark: SparkSession) -> None:
    junk = [b"", b"not json", b"[1,2]", b"\xff\xfe\x00", b"{}", b'{"event_time": {"a": 1}}']
    rows = read_records(records(spark, *junk), REES46, DAYS).collect()
    assert [row["reason"] for row in rows if row["reason"] is None] == []
    assert [(row["partition"], row["offset"]) for row in rows] == [(0, n) for n in range(len(junk))]
    assert [row["raw"] for row in rows][1:4] == ["not json", "[1,2]", "hex:fffe00"]


def test_records_of_other_programs(spark: SparkSession) -> None:
    """Each as it comes from a producer that is not ours: its user, or the reason."""
    start = b'{"event_time": "2019-10-01 00:00:00", "event_type": "view", "product_id": "1", "user_id": '
    one = start + b'"7"}'
    said = {
        one: "7", b" " + one + b"\n": "7",
        start + b"7}": "7", start + b"541312140.0}": "541312140", start + b'" 7.0"}': "7",
        one + one: None, one + b"," + one: None, one + b"\n" + one: None, b"[" + one + b"]": None,
        b"\xef\xbb\xbf" + one: None,
        start + b"[7]}": None, start + b'{"a": 7}}': None,
        start + b'"\xff"}': None,
        start + rb'"\ud800"}': None, start + rb'"\udc00"}': None,
        start + rb'"\ud83d\ude00"}': "😀",
        start + b'"7"},"x":{"user_id":"8"}': None, b"null": None,
        one[:-1]: None, one + b"}": None,
        b'{"end": true}': None, start + b'"7", "brand": "' + b"x" * 900_000 + b'"}': "7",
    }  # fmt: skip
    rows = read_records(records(spark, *said), REES46, DAYS).sort("offset").collect()
    assert [row["user_id"] if row["reason"] is None else None for row in rows] == list(said.values())


def test_a_record_without_value_is_rejected(spark: SparkSession) -> None:
    empty = records(spark, b"").selectExpr("cast(null as binary) as value", "topic", "partition", "offset", "timestamp")
    [row] = read_records(empty, REES46, DAYS).collect()
    assert row["reason"] == "not a JSON object of an event"


def test_a_missing_brand_is_not_a_missing_category(spark: SparkSession, tmp_path: Path) -> None:
    """Events that differ in where a value is missing are two."""
    path = csv_file(tmp_path / "a.csv", raw_line(brand="x", category=""), raw_line(brand="", category="x"), raw_line())
    rows = hashed(clean.good(read_records(replayed(spark, path), REES46, DAYS))).collect()
    assert len({row["key"] for row in rows}) == 3
    assert len({row["user_key"] for row in rows}) == 1


def test_a_record_as_replay_writes_it_is_read_as_any_other(spark: SparkSession) -> None:
    """The fast way reads what the careful one does: the same record with a space in it takes the careful one."""
    common = {"event_time": "2019-10-01 00:00:00 UTC", "event_type": "view", "product_id": "44600062",
              "category_id": "2103807459595387724"}  # fmt: skip
    last = {"user_id": "541312140", "user_session": "72d76fde-8bb3"}
    rows = (
        {"category_code": "electronics.smartphone", "brand": "shiseido", "price": "35.79"},
        {"category_code": "", "brand": "", "price": ""},
        {"category_code": "a b.c", "brand": "m & s", "price": "7"},
        {"category_code": "x", "brand": "nokia", "price": "0", "quantity": "2"},
        {"category_code": "x", "brand": "None", "price": "1", "quantity": ""},
        {"category_code": "x", "brand": "A", "price": "007.50"},
    )
    values = []
    for row in rows:
        quantity = {name: row[name] for name in row if name == "quantity"}
        looks = {name: row[name] for name in row if name != "quantity"}
        values.append(encode(common | looks | last | quantity)[1])
    careful = [value.replace(b'{"', b'{ "', 1) for value in values]
    fast, slow = (read_records(records(spark, *some), REES46, DAYS).sort("offset") for some in (values, careful))
    assert fast.collect() == slow.collect()
    assert [row["quantity"] for row in fast.collect()] == [None, None, None, 2, None, None]


def test_events_of_after_their_arrival_are_rejected(spark: SparkSession, tmp_path: Path) -> None:
    """By Kafka's clock, not by the day on which the stream began: NOW is the first of January."""
    times = ["2026-01-01 23:00:00 UTC", "2026-01-02 23:59:59 UTC", "2026-01-03 00:00:00 UTC", "2099-01-01 00:00:00 UTC"]
    path = csv_file(tmp_path / "a.csv", *[raw_line(time=time) for time in times])
    rows = read_records(replayed(spark, path), REES46, ("2000-01-01", "")).sort("offset").collect()
    assert [row["reason"] for row in rows] == [None, None, *["event_time is after the day after it arrived"] * 2]
