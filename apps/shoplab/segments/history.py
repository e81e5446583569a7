"""Users by month -> users over all months loaded."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.users import ratio
from shoplab.core.schemas import USER
from shoplab.core.vocabulary import COUNTS

# Not in USER: what a busiest month held, so that it does not grow with the months loaded; abandoned carts by visits and
# not by carts, so that one cart is no habit; the mean paid an order.
HISTORY_COLUMNS = (
    *(name for name in USER.names if name != "month"),
    *("month_events", "month_orders", "left_cart_rate", "order_value"),
)

_SUMS = ("sessions", "events", *COUNTS.values(), "orders", "revenue", "active_days")
_LARGEST = ("products", "categories", "brands", "last_seen", "last_purchase", "longest_session")


def user_history(users: DataFrame) -> DataFrame:
    """One row per user from one row per user and month.

    Grain: one user; columns: HISTORY_COLUMNS. Counts and sums add up, rates are exact. Distinct counts (products,
    categories, brands) can't be added: they are the richest month's. mean_gap_h over several months is the visits'
    span, less one mean session, over the number of gaps.
    """
    sums = [F.sum(name).alias(name) for name in _SUMS]
    largest = [F.max(name).alias(name) for name in _LARGEST]
    totals = users.groupBy("user_id").agg(
        *sums,
        *largest,
        F.max("events").alias("month_events"),
        F.max("orders").alias("month_orders"),
        F.min("first_seen").alias("first_seen"),
        _weighted_mean("mean_session_s", F.col("sessions")),
        _weighted_mean("cart_rate", F.col("sessions")),
        _weighted_mean("abandon_rate", F.col("sessions") * F.col("cart_rate")),
        _weighted_mean("mean_price", F.col("events")),
        _weighted_mean("price_level", F.col("events")),
        _of_busiest_month("top_category"),
        _of_busiest_month("top_brand"),
        F.when(F.count(F.lit(1)) == 1, F.first("mean_gap_h")).alias("one_month_gap_h"),
    )
    return totals.select(*(_derived(name).alias(name) for name in HISTORY_COLUMNS))


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


def _derived(name: str) -> Column:
    of_sums = {
        "events_per_session": ratio("events", "sessions"),
        "order_rate": ratio("orders", "sessions"),
        "abandon_rate": F.coalesce("abandon_rate", F.lit(0.0)),
        "mean_gap_h": F.coalesce("one_month_gap_h", F.when(F.col("sessions") > 1, _gap_from_span())),
    }
    return (of_sums | features_of_rates()).get(name, F.col(name))


def _gap_from_span() -> Column:
    span_s = F.unix_timestamp("last_seen") - F.unix_timestamp("first_seen") - F.col("mean_session_s")
    return F.greatest(span_s, F.lit(0.0)) / (F.col("sessions") - 1) / 3600
