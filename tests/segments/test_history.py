import datetime as dt

import pytest
from pyspark.sql import SparkSession

from shoplab.segments.history import HISTORY_COLUMNS, user_history
from tests.segments.user_rows import user_row, user_table

OCT, NOV = dt.datetime(2019, 10, 10), dt.datetime(2019, 11, 20)


def test_months_add_up_and_rates_are_recomputed(spark: SparkSession) -> None:
    october = user_row(
        "1", sessions=4, events=8, orders=1, revenue=10.0, cart_rate=0.5, abandon_rate=0.5, products=5,
        first_seen=OCT, last_seen=OCT, last_purchase=OCT, mean_session_s=100.0, price_level=0.2, top_brand="lg",
    )  # fmt: skip
    november = user_row(
        "1", month="2019-11", sessions=1, events=12, orders=1, revenue=5.5, cart_rate=1.0, products=3,
        first_seen=NOV, last_seen=NOV, last_purchase=NOV, mean_session_s=600.0, price_level=None, top_brand=None,
    )  # fmt: skip

    history = user_history(user_table(spark, [october, november, user_row("2")]))

    assert history.columns == list(HISTORY_COLUMNS)
    row = history.where("user_id = '1'").collect()[0]
    assert (row.sessions, row.events, row.orders, row.revenue, row.products) == (5, 20, 2, 15.5, 5)
    assert (row.first_seen, row.last_seen, row.last_purchase) == (OCT, NOV, NOV)
    assert row.events_per_session == 4.0
    assert row.order_rate == 0.4
    assert row.cart_rate == pytest.approx(3 / 5)
    assert row.abandon_rate == pytest.approx(1 / 3)  # one of three sessions with a cart
    assert (row.month_events, row.month_orders, row.order_value) == (12, 1, 15.5 / 2)
    assert row.left_cart_rate == pytest.approx(1 / 5)
    assert row.mean_session_s == pytest.approx((4 * 100 + 600) / 5)
    assert row.price_level == pytest.approx(0.2)  # the month without a price has no say
    assert row.top_brand == "lg"
    assert row.mean_gap_h == pytest.approx((41 * 86400 - 200) / 4 / 3600)


def test_one_month_stays_as_it_is(spark: SparkSession) -> None:
    given = user_row("1", sessions=3, events=9, cart_rate=0.0, mean_gap_h=7.5, price_level=None)
    row = user_history(user_table(spark, [given])).collect()[0].asDict()
    assert {name: row[name] for name in given if name != "month" and row[name] != given[name]} == {}
