from pyspark.sql import SparkSession

from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.touches import touches
from shoplab.core.frames import struct
from shoplab.core.schemas import SESSION
from tests.data import event, event_frame


def test_one_row_a_session_with_its_counts(spark: SparkSession) -> None:
    events = event_frame(
        spark,
        event("10-01 12:00:00", category="electronics.phone"),
        event("10-01 12:01:00", "cart"),
        event("10-01 12:02:30", "purchase", price=25.0, category="apparel.shoes"),
        event("10-01 13:00:00", session="s2", product="p2"),
        event("10-01 12:00:00", user="u2"),  # the same session id under another user is another session
    )
    rows = {(row["user_id"], row["user_session"]): row for row in sessions(touches(events)).collect()}
    assert set(rows) == {("u1", "s1"), ("u1", "s2"), ("u2", "s1")}
    first = rows["u1", "s1"]
    assert [first[name] for name in ("events", "views", "carts", "removes", "purchases", "products")] == [
        3,
        1,
        1,
        0,
        1,
        1,
    ]
    assert (first["duration_s"], first["revenue"], first["month"]) == (150, 25.0, "2019-10")
    assert (first["entry_category"], first["exit_category"]) == ("electronics", "apparel")
    assert rows["u1", "s2"]["revenue"] == 0.0


def test_a_session_over_midnight_belongs_to_the_month_it_began_in(spark: SparkSession) -> None:
    made = sessions(touches(event_frame(spark, event("10-31 23:59:00"), event("11-01 00:01:00")))).collect()
    assert [(row["month"], row["events"]) for row in made] == [("2019-10", 2)]


def test_columns_are_the_schemas(spark: SparkSession) -> None:
    made = sessions(touches(event_frame(spark, event("10-01 12:00:00")))).schema
    assert [(f.name, f.dataType) for f in made] == [(f.name, f.dataType) for f in struct(SESSION)]
