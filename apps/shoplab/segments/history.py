"""Users by month -> users over all months loaded."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.users import added_up, rates
from shoplab.core.schemas import USER, USER_RATES

# Not in USER: what a busiest month held, so that it does not grow with the months loaded; abandoned carts by visits and
# not by carts, so that one cart is no habit; the mean paid an order.
HISTORY_COLUMNS = (
    *(name for name in USER.names if name != "month"),
    *("month_events", "month_orders", "left_cart_rate", "order_value"),
)

_LARGEST = ("products", "categories", "brands", "last_seen", "last_purchase", "longest_session")


def user_history(users: DataFrame) -> DataFrame:
    """One row per user from one row per user and month.

    Grain: one user; columns: HISTORY_COLUMNS. Counts and sums add up, rates are exact. Distinct counts (products,
    categories, brands) can't be added: they are the richest month's. mean_gap_h over several months is the visits'
    span, less one mean session, over the number of gaps.
    """
    sums = [F.sum(name).alias(name) for name in (*added_up(), "active_days")]
    largest = [F.max(name).alias(name) for name in _LARGEST]
    totals = (
        _with_parts(users)
        .groupBy("user_id")
        .agg(
            *sums,
            *largest,
            F.max("events").alias("month_events"),
            F.max("orders").alias("month_orders"),
            F.min("first_seen").alias("first_seen"),
            _weighted_mean("mean_session_s", F.col("sessions")),
            _weighted_mean("mean_price", F.col("events")),
            _weighted_mean("price_level", F.col("events")),
            _of_busiest_month("top_category"),
            _of_busiest_month("top_brand"),
            F.when(F.count(F.lit(1)) == 1, F.first("mean_gap_h")).alias("one_month_gap_h"),
        )
    )
    known = totals.withColumns(rates() | {"mean_gap_h": _mean_gap(), "cart_rate": _cart_rate()})
    return known.withColumns(features_of_rates()).select(*HISTORY_COLUMNS)


def _with_parts(users: DataFrame) -> DataFrame:
    """Adds what rates were made of and USER has not: a rate times its whole."""
    for rate, (part, whole) in USER_RATES.items():
        if part not in USER.names:
            users = users.withColumn(part, F.col(rate) * F.col(whole))
    return users


def _weighted_mean(name: str, weight: Column) -> Column:
    """Null values take no part; null where nothing is left."""
    known = F.when(F.col(name).isNotNull(), weight)
    return F.try_divide(F.sum(F.col(name) * known), F.sum(known)).alias(name)


def _of_busiest_month(name: str) -> Column:
    known_month = F.when(F.col(name).isNotNull(), F.struct("events", "month"))
    return F.max_by(name, known_month).alias(name)


def features_of_rates() -> dict[str, Column]:
    """What HISTORY_COLUMNS have beyond USER's, from USER's columns over whatever time."""
    return {
        "left_cart_rate": F.coalesce(F.col("abandon_rate") * F.col("cart_rate"), F.lit(0.0)),
        "order_value": F.when(F.col("orders") > 0, F.col("revenue") / F.col("orders")),
    }


def _cart_rate() -> Column:
    """Null without a visit (events of one that began before the months loaded): k-means takes the mean for it."""
    return F.when(F.col("sessions") > 0, rates()["cart_rate"])


def _mean_gap() -> Column:
    span_s = F.unix_timestamp("last_seen") - F.unix_timestamp("first_seen") - F.col("mean_session_s")
    from_span = F.greatest(span_s, F.lit(0.0)) / (F.col("sessions") - 1) / 3600
    return F.coalesce("one_month_gap_h", F.when(F.col("sessions") > 1, from_span))
