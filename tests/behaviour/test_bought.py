"""What was bought, the way to it, and the funnels and prices that are counted from it."""

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplab.behaviour.bought import bought
from shoplab.behaviour.funnels import band_names, funnel_by
from shoplab.behaviour.habits import discounts
from shoplab.behaviour.products import products
from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.touches import touches, with_look
from tests.data import event, event_frame


def way(events: DataFrame) -> dict[tuple[str, str], dict[str, object]]:
    rows = bought(events, sessions(touches(events)), products(events)).collect()
    return {(row["user_session"], row["product_id"]): row.asDict() for row in rows}


def by(events: DataFrame, edges: tuple[float, ...] = ()) -> dict[tuple[str, str], dict[str, object]]:
    by_product = products(events)
    table = funnel_by(
        with_look(touches(events), by_product), bought(events, sessions(touches(events)), by_product), edges
    )
    return {(row["dimension"], row["value"]): row.asDict() for row in table.collect()}


def test_strict_order_is_one_products_view_then_cart_then_purchase(spark: SparkSession) -> None:
    events = event_frame(
        spark,
        *[event(f"10-01 12:00:0{i}", kind, session="in order") for i, kind in enumerate(("view", "cart", "purchase"))],
        *[event("10-01 12:00:00", kind, session="one second") for kind in ("purchase", "cart", "view")],
        *[
            event(f"10-01 12:00:0{i}", kind, session="cart first")
            for i, kind in enumerate(("cart", "view", "purchase"))
        ],
        *[event(f"10-01 12:00:0{i}", kind, session="cart last") for i, kind in enumerate(("view", "purchase", "cart"))],
        event("10-01 12:00:00", session="two products"),
        event("10-01 12:00:01", "cart", session="two products"),
        event("10-01 12:00:02", "purchase", session="two products", product="p2"),
        *[
            event(f"10-01 12:00:0{i}", kind, session="cart around")
            for i, kind in enumerate(("cart", "view", "purchase", "cart"))
        ],
        *[
            event(f"10-01 12:00:0{i}", kind, session="cart again")
            for i, kind in enumerate(("cart", "view", "cart", "purchase", "cart"))
        ],
    )
    strict = {session for (session, _), row in way(events).items() if row["strict_order"]}
    assert strict == {"in order", "one second", "cart again"}


def test_the_wait_is_from_the_first_view_to_the_purchase_after_it(spark: SparkSession) -> None:
    rows = way(
        event_frame(
            spark,
            event("10-31 23:59:00", product="late"),
            event("11-01 00:00:10", "purchase", product="late"),
            event("10-31 23:59:30", "purchase", product="unseen"),
            event("10-31 23:58:00", "purchase", product="again"),
            event("10-31 23:59:00", product="again"),
            event("10-31 23:59:30", "purchase", product="again"),
            event("10-31 23:59:50", "purchase", product="again"),
        )
    )
    assert {product: row["wait_s"] for (_, product), row in rows.items()} == {"late": 70, "unseen": None, "again": 30}
    assert {row["month"] for row in rows.values()} == {"2019-10"}


def test_a_purchase_at_a_discount_is_5_percent_below_the_products_median(spark: SparkSession) -> None:
    events = event_frame(
        spark,
        *[event(f"10-01 12:00:0{i}", price=price) for i, price in enumerate((100.0, 100.0, 100.0, 20.0))],
        *[event(f"10-01 13:00:0{i}", "purchase", price=price) for i, price in enumerate((95.0, 96.0, 120.0))],
        event("10-01 13:00:09", "purchase", price=None),
    )
    by_product = products(events)
    assert [row["median_price"] for row in by_product.collect()] == [100.0]
    [row] = discounts(events, by_product).collect()
    assert row["discount_share"] == pytest.approx(1 / 3)


def test_the_funnel_counts_a_session_once_a_value(spark: SparkSession) -> None:
    events = event_frame(
        spark,
        event("10-01 12:59:58", price=10.0),
        event("10-01 12:59:59", product="p2", price=30.0, brand=None),
        event("10-01 13:00:00", "cart"),
        event("10-01 13:00:01", "purchase", price=12.0),
        event("10-01 09:00:00", session="s2", user="u2", category=None),
    )
    rows = by(events, (12.0, 30.0))
    assert rows["category", "electronics.phone"].items() >= {
        "dimension": "category", "value": "electronics.phone", "position": 1, "viewed": 2, "carted": 1, "purchased": 1,
        "strict_order": 1, "revenue": 12.0,
    }.items()  # fmt: skip
    assert set(rows) == {
        ("category", "electronics.phone"), ("brand", "acme"), ("price_band", "12-30"), ("price_band", "30+"),
        ("hour", "09"), ("hour", "12"), ("hour", "13"),
    }  # fmt: skip
    hours = [rows["hour", value] for value in ("09", "12", "13")]
    assert [(row["viewed"], row["purchased"], row["strict_order"]) for row in hours] == [
        (1, 0, 0),
        (1, 0, 0),
        (0, 1, 0),
    ]
    assert [rows["price_band", name]["position"] for name in ("12-30", "30+")] == [1, 2]


def test_price_bands_have_readable_names() -> None:
    assert band_names((25.0, 70.0, 1500.0)) == ["0-25", "25-70", "70-1500", "1500+"]
    assert band_names((0.5,)) == ["0-0.5", "0.5+"]


def test_only_the_most_viewed_brands_are_named(spark: SparkSession) -> None:
    rows = [event("10-01 12:00:00", product=f"p{i}", brand=f"b{i:02}", session=f"s{i}") for i in range(40)]
    rows += [event("10-01 12:00:00", product="p39", brand="b39", session="more")]
    brands = {
        value: row["position"]
        for (dimension, value), row in by(event_frame(spark, *rows)).items()
        if dimension == "brand"
    }
    assert len(brands) == 30
    assert brands["b39"] == 1


@pytest.mark.parametrize("edges", [(), (10.0,)])
def test_no_prices_no_bands(spark: SparkSession, edges: tuple[float, ...]) -> None:
    rows = by(event_frame(spark, event("10-01 12:00:00", price=None)), edges)
    assert {dimension for dimension, _ in rows} == {"category", "brand", "hour"}
