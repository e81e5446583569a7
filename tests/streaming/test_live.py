from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from shoplab.behaviour.products import products
from shoplab.behaviour.sessions import revenue, sessions
from shoplab.behaviour.users import users
from shoplab.events import clean
from shoplab.events.mapping import Mapping, load_mapping
from shoplab.events.rows_python import read_rows
from shoplab.events.sources import inspect
from shoplab.events.wire import encode
from shoplab.streaming import live
from shoplab.streaming.points import top_products
from shoplab.streaming.tally import tally
from tests.data import DAYS, csv_file, event, event_frame, raw_line, typed_rows
from tests.streaming.kafka_records import records

REES46 = load_mapping("rees46")


def replayed(spark: SparkSession, path: Path, mapping: Mapping = REES46) -> DataFrame:
    return records(spark, *[encode(row)[1] for row in read_rows(inspect(path, mapping))])


def test_quantities_and_refunds_are_the_batchs(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = ["i1,p1,3,2.5,u1.0", "Ci1,p1,-1,2.5,u1.0", "i2,p2,,1,7.0", "i3,p2,0,1,7.0", "i4,p2,1.5,1,7.0"]
    path.write_text(
        "\n".join(["InvoiceNo,StockCode,Quantity,UnitPrice,CustomerID,InvoiceDate"]
                  + [f"{line},2010-12-01 08:26:00" for line in lines])
    )  # fmt: skip
    mapping = load_mapping("online-retail")
    batch = typed_rows(spark, path, mapping)
    stream = live.read_records(replayed(spark, path, mapping), REES46, DAYS)
    made = clean.good_events(stream)
    assert sorted(map(str, made.collect())) == sorted(map(str, clean.good_events(batch).collect()))
    rows = made.sort("user_session").select("event_type", "quantity", "user_id").collect()
    assert [tuple(row) for row in rows] == [("refund", 1, "u1.0"), ("purchase", 3, "u1.0"), ("purchase", None, "7")]
    assert made.agg(revenue()).collect()[0][0] == 6.0
    assert top_products(made) == [("p1", 1), ("p2", 1)]
    assert tally(stream).by_type == {"purchase": (2, 8.5), "refund": (1, -2.5)}


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
    stream = live.read_records(replayed(spark, path), REES46, DAYS)
    assert sorted(map(str, clean.good_events(stream).collect())) == sorted(map(str, clean.good_events(batch).collect()))
    assert clean.good_events(stream).count() == 3
    assert [r["reason"] for r in stream.sort("line").collect()] == [r["reason"] for r in batch.sort("line").collect()]


def test_junk_on_the_topic_is_rejected_with_its_place(spark: SparkSession) -> None:
    junk = [b"", b"not json", b"[1,2]", b"\xff\xfe\x00", b"{}", b'{"event_time": {"a": 1}}']
    rows = live.read_records(records(spark, *junk), REES46, DAYS).collect()
    assert [row["reason"] for row in rows if row["reason"] is None] == []
    assert {row["source"] for row in rows} == {"kafka-events-0"}
    assert [row["line"] for row in rows] == list(range(len(junk)))


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
    rows = live.read_records(records(spark, *said), REES46, DAYS).sort("line").collect()
    assert [row["user_id"] if row["reason"] is None else None for row in rows] == list(said.values())


def test_a_record_without_value_is_rejected(spark: SparkSession) -> None:
    empty = records(spark, b"").selectExpr("cast(null as binary) as value", "topic", "partition", "offset", "timestamp")
    [row] = live.read_records(empty, REES46, DAYS).collect()
    assert row["reason"] == "not a JSON object of an event"


def test_live_features_are_the_batchs(spark: SparkSession) -> None:
    stored = event_frame(
        spark,
        event("10-30 12:00:00"),  # another month: its features are known already
        event("11-01 12:00:00"),
        event("11-01 12:00:30", "cart"),
        event("11-02 09:00:00", session="s2", product="p2"),
        event("11-02 09:00:00", user="u2", session="s3"),  # not in the batch
    )
    batch = event_frame(spark, event("11-02 09:00:00", session="s2", product="p2"))
    levels = products(stored)
    made = live.touched_users(live.events_of_users(batch, stored), levels).collect()
    november = stored.where("date >= '2019-11-01'")
    expected = users(november, sessions(november), levels).where("user_id = 'u1'").collect()
    assert made == expected
    assert [row["month"] for row in made] == ["2019-11"]
