import math

import pytest
from pyspark.sql import SparkSession

from shoplab.segments.features import Scaling, fit_scaling
from shoplab.segments.history import user_history
from tests.segments.user_rows import user_row, user_table


def test_values_are_corrected_drawn_to_the_mean_and_scaled(spark: SparkSession) -> None:
    rows = [
        user_row("1 visit", sessions=1, events=1, orders=1, revenue=5.0, price_level=0.1),
        user_row("9 visits", sessions=9, events=27, orders=1, revenue=5.0, price_level=0.9),
    ]
    history = user_history(user_table(spark, rows))

    users, scaling = fit_scaling(history)

    assert users == 2
    assert scaling.features == ("month_events", "order_rate", "price_level")
    assert scaling.left_out == ("cart_rate: the log has no carts", "left_cart_rate: the log has no carts")
    assert Scaling.from_dict(scaling.to_dict()) == scaling
    of_all_visits = 2 / 10
    assert dict(zip(scaling.features, scaling.priors, strict=True))["order_rate"] == pytest.approx(of_all_visits)
    rates = [(1 + 2 * of_all_visits) / (1 + 2), (1 + 2 * of_all_visits) / (9 + 2)]
    mean, sd = sum(rates) / 2, (rates[0] - rates[1]) / 2
    got = history.sort("user_id").select("user_id", *scaling.columns()).collect()
    assert [row["order_rate"] for row in got] == pytest.approx([(rate - mean) / sd for rate in rates])
    assert [row["month_events"] for row in got] == pytest.approx([-1.0, 1.0])
    units = scaling.in_units([0.0, 0.0, 0.0])
    assert units["month_events"] == pytest.approx(math.sqrt(2 * 28) - 1)
    assert units["order_rate"] == pytest.approx(mean)


def test_no_prices_are_said(spark: SparkSession) -> None:
    rows = [user_row(str(i), events=i, sessions=i, price_level=None) for i in range(1, 5)]
    _, scaling = fit_scaling(user_history(user_table(spark, rows)))
    assert scaling.features == ("month_events",)
    assert "price_level: the log has no prices" in scaling.left_out
    assert "order_rate: the log has no purchases" in scaling.left_out


def test_one_price_for_everything_is_a_price(spark: SparkSession) -> None:
    rows = [user_row(str(i), events=i, sessions=i, price_level=0.0) for i in range(1, 5)]
    _, scaling = fit_scaling(user_history(user_table(spark, rows)))
    assert "price_level: all users are alike in it" in scaling.left_out


def test_a_log_of_orders_has_features_of_orders(spark: SparkSession) -> None:
    rows = [
        user_row(
            str(i), views=0, events=i, purchases=i, sessions=i, orders=i, revenue=10.0 * i * i, price_level=0.1 * i
        )
        for i in range(1, 5)
    ]
    _, scaling = fit_scaling(user_history(user_table(spark, rows)))
    assert scaling.features == ("month_events", "month_orders", "order_value", "price_level")
    assert not scaling.browsing


def test_a_lone_user_has_one_feature(spark: SparkSession) -> None:
    users, scaling = fit_scaling(user_history(user_table(spark, [user_row("1")])))
    assert (users, scaling.features, scaling.scales) == (1, ("month_events",), (1.0,))
