import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplab.behaviour.products import products
from shoplab.behaviour.users import users_of
from shoplab.core.frames import struct
from shoplab.core.schemas import USER
from tests.data import event, event_frame


def made(events: DataFrame) -> dict[tuple[str, str], dict[str, object]]:
    rows = users_of(events, products(events)).collect()
    return {(row["user_id"], row["month"]): row.asDict() for row in rows}


def test_features_of_a_buyer(spark: SparkSession) -> None:
    row = made(
        event_frame(
            spark,
            event("10-01 12:00:00", brand="acme"),
            event("10-01 12:00:10", "cart"),
            event("10-01 12:00:20", "purchase", price=30.0),
            event("10-02 00:00:00", session="s2", product="p2", brand="best", category="apparel.shoes"),
            event("10-02 00:00:40", "cart", session="s2", product="p2", brand="best", category="apparel.shoes"),
            event("10-03 12:00:00", session="s3", brand=None, category=None),
        )
    )["u1", "2019-10"]
    assert [row[c] for c in ("sessions", "events", "views", "carts", "purchases", "orders")] == [3, 6, 3, 2, 1, 1]
    assert [row[c] for c in ("products", "categories", "brands", "active_days")] == [2, 2, 2, 3]
    assert row["revenue"] == 30.0
    assert row["mean_session_s"] == pytest.approx(20.0)
    assert row["mean_gap_h"] == pytest.approx(24.0)
    assert [row[c] for c in ("cart_rate", "order_rate", "abandon_rate")] == pytest.approx([2 / 3, 1 / 3, 1 / 2])
    assert (row["top_category"], row["top_brand"]) == ("electronics", "acme")


def test_a_single_view_has_rates_of_zero_and_no_gap(spark: SparkSession) -> None:
    row = made(event_frame(spark, event("10-01 12:00:00", price=None)))["u1", "2019-10"]
    assert [row[c] for c in ("cart_rate", "order_rate", "abandon_rate", "revenue")] == [0.0] * 4
    assert [row[c] for c in ("mean_gap_h", "last_purchase", "mean_price", "price_level")] == [None] * 4


def test_months_are_apart_and_the_second_half_of_a_night_is_kept(spark: SparkSession) -> None:
    rows = made(event_frame(spark, event("10-31 23:59:00"), event("11-01 00:01:00")))
    assert rows["u1", "2019-10"]["sessions"] == 1
    assert rows["u1", "2019-11"]["sessions"] == 0
    assert rows["u1", "2019-11"]["active_days"] == 1
    assert rows["u1", "2019-11"]["events_per_session"] == 0.0


def test_price_level_is_the_place_within_the_category(spark: SparkSession) -> None:
    prices = {"p1": 10.0, "p2": 20.0, "p3": 30.0}
    rows = [event(f"10-01 12:0{i}:00", product=p, price=price) for i, (p, price) in enumerate(prices.items())]
    alone = event("10-01 13:00:00", product="p9", price=5.0, category_id="c9")
    levels = {row["product_id"]: row["price_level"] for row in products(event_frame(spark, *rows, alone)).collect()}
    assert levels == {"p1": 0.0, "p2": 0.5, "p3": 1.0, "p9": 0.5}


def test_columns_are_the_schemas(spark: SparkSession) -> None:
    events = event_frame(spark, event("10-01 12:00:00"))
    schema = users_of(events, products(events)).schema
    assert [(f.name, f.dataType) for f in schema] == [(f.name, f.dataType) for f in struct(USER)]
