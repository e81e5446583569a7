import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplab.behaviour.bought import bought
from shoplab.behaviour.habits import discounts, habits
from shoplab.behaviour.products import products
from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.touches import touches, with_look
from shoplab.core.frames import struct
from shoplab.core.schemas import HABIT
from tests.data import event, event_frame


def table(events: DataFrame) -> DataFrame:
    by_product = products(events)
    touched = with_look(touches(events), by_product)
    by_session = sessions(touched)
    return habits(by_session, touched, bought(events, by_session, by_product), discounts(events, by_product))


def made(events: DataFrame) -> dict[tuple[str, str], dict[str, object]]:
    return {(row["user_id"], row["month"]): row.asDict() for row in table(events).collect()}


def test_when_and_how_often_a_user_comes(spark: SparkSession) -> None:
    """1 October 2019 was a Tuesday; the log has 14 days of the month."""
    times = ("10-01 02:00:00", "10-01 12:00:00", "10-05 12:00:00", "10-14 23:00:00")
    rows = made(event_frame(spark, *[event(time, session=f"s{i}") for i, time in enumerate(times)]))
    row = rows["u1", "2019-10"]
    assert row["visits_per_week"] == pytest.approx(2.0)
    assert row["median_gap_h"] == pytest.approx(96.0)
    assert (row["weekend_share"], row["night_share"]) == (0.25, 0.25)
    assert (row["top_hour"], row["top_weekday"]) == (12, 1)


def test_what_a_user_keeps_to(spark: SparkSession) -> None:
    rows = [event(f"10-01 12:00:0{i}", brand="acme" if i else "best") for i in range(4)]
    other = event("10-01 13:00:00", product="p2", category="apparel.shoes", brand=None)
    bare = event("10-01 14:00:00", product="p3", category=None, brand=None)
    row = made(event_frame(spark, *rows, other, bare))["u1", "2019-10"]
    assert row["category_loyalty"] == pytest.approx(4 / 5)
    assert row["brand_loyalty"] == 1.0  # the product's brand as last seen


def test_who_takes_the_cheaper_ones_of_what_they_look_at_is_sensitive_to_prices(spark: SparkSession) -> None:
    prices = {"p1": 10.0, "p2": 20.0, "p3": 30.0}
    views = [
        event("10-01 12:00:00", product=product, price=price, user=user)
        for user in ("thrifty", "lavish", "looker")
        for product, price in prices.items()
    ]
    rows = made(
        event_frame(
            spark,
            *views,
            event("10-01 12:01:00", "purchase", product="p1", price=9.0, user="thrifty"),
            event("10-01 12:01:00", "cart", product="p3", price=30.0, user="lavish"),
        )
    )
    shown = {user: (row["price_sensitivity"], row["discount_share"]) for (user, _), row in rows.items()}
    assert shown == {"thrifty": (0.5, 1.0), "lavish": (-0.5, None), "looker": (None, None)}


def test_orders_and_the_time_to_them(spark: SparkSession) -> None:
    events = event_frame(
        spark,
        event("10-01 12:00:00"),
        event("10-01 12:00:10", "cart"),
        event("10-01 12:00:20", "purchase"),
        event("10-01 12:00:00", product="p2"),
        event("10-01 12:00:40", "purchase", product="p2"),
        event("10-02 12:00:00", session="s2"),
        event("10-02 12:00:00", "cart", session="s2", product="p2"),
        event("10-02 12:00:00", "purchase", session="s2", product="p3"),
    )
    row = made(events)["u1", "2019-10"]
    assert (row["any_order"], row["strict_order"], row["time_to_purchase_s"]) == (2, 1, 30.0)


def test_one_event_without_anything_says_little_and_no_nan(spark: SparkSession) -> None:
    row = made(event_frame(spark, event("10-01 12:00:00", price=None, category=None, brand=None)))["u1", "2019-10"]
    assert {name: value for name, value in row.items() if value is not None} == {
        "user_id": "u1", "month": "2019-10", "visits_per_week": 7.0, "weekend_share": 0.0, "night_share": 0.0,
        "top_hour": 12, "top_weekday": 1, "any_order": 0, "strict_order": 0,
    }  # fmt: skip


def test_the_second_half_of_a_night_has_a_row_as_in_users(spark: SparkSession) -> None:
    rows = made(event_frame(spark, event("10-31 23:59:00"), event("11-01 00:01:00")))
    assert {month: row["visits_per_week"] for (_, month), row in rows.items()} == {"2019-10": 7.0, "2019-11": 0.0}
    assert rows["u1", "2019-11"]["brand_loyalty"] == 1.0


def test_columns_are_the_schemas(spark: SparkSession) -> None:
    schema = table(event_frame(spark, event("10-01 12:00:00"))).schema
    assert [(f.name, f.dataType) for f in schema] == [(f.name, f.dataType) for f in struct(HABIT)]
