"""Touches and sessions -> users by month."""

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.columns import top_category
from shoplab.behaviour.sessions import ROBOT_SESSION_EVENTS, sessions
from shoplab.behaviour.touches import touches, with_look
from shoplab.core.schemas import USER, USER_RATES
from shoplab.core.vocabulary import CART, COUNTS, PURCHASE

_KEY = ["user_id", "month"]


def users(touches: DataFrame, sessions: DataFrame) -> DataFrame:
    """USER rows, of touches with their products' look."""
    merged = _from_sessions(sessions).join(_from_touches(touches), on=_KEY, how="full_outer")
    counts = [column.name for column in USER.columns if column.kind == "bigint"]
    known = merged.fillna(0, subset=[*counts, "revenue", "mean_session_s", "cart_sessions", "abandoned"])
    return known.withColumns(rates()).select(*USER.names)


def users_of(events: DataFrame, products: DataFrame) -> DataFrame:
    """USER rows of these events alone."""
    touched = with_look(touches(events), products)
    return users(touched, sessions(touched))


def robots(users: DataFrame) -> DataFrame:
    """Those of USER rows whose user is taken for one."""
    return users.where(F.col("longest_session") > ROBOT_SESSION_EVENTS)


def added_up() -> dict[str, Column]:
    """What a user's SESSION rows add up to: columns of USER, and others that USER_RATES needs. In an aggregation."""
    carted, bought = F.col(str(CART.counts)) > 0, F.col(str(PURCHASE.counts)) > 0
    return {
        "sessions": F.count("*"),
        **{name: F.sum(name) for name in ("events", *COUNTS.values(), "revenue")},
        "orders": F.count_if(bought),
        "cart_sessions": F.count_if(carted),
        "abandoned": F.count_if(carted & ~bought),
    }


def rates() -> dict[str, Column]:
    """USER_RATES from what `added_up` gave, of a month or of more."""
    return {name: _ratio(part, whole) for name, (part, whole) in USER_RATES.items()}


def _ratio(part: str, whole: str) -> Column:
    """0 where there is no whole."""
    return F.when(F.col(whole) > 0, F.col(part) / F.col(whole)).otherwise(F.lit(0.0))


def _from_sessions(sessions: DataFrame) -> DataFrame:
    gap_s = F.unix_timestamp(F.max("session_start")) - F.unix_timestamp(F.min("session_start"))
    return sessions.groupBy(*_KEY).agg(
        *[column.alias(name) for name, column in added_up().items()],
        F.max("events").alias("longest_session"),
        F.avg("duration_s").alias("mean_session_s"),
        F.when(F.count("*") > 1, gap_s / 3600 / (F.count("*") - 1)).alias("mean_gap_h"),
    )


def _from_touches(touches: DataFrame) -> DataFrame:
    """By the month of the events. Different values are counted in two steps, (user, value) and then (user): in hash
    tables of numbers, where sets and modes of Spark's are objects for each user and take twice as long.
    """
    by_month = touches.withColumn("month", F.trunc("hour", "month"))
    met = {
        "products": F.col("product_id"),
        "active_days": F.to_date("hour"),
        "categories": top_category("own_category"),
        "brands": F.col("own_brand"),
    }
    values = [_different(by_month, value.alias("value"), name) for name, value in met.items()]
    merged = reduce(lambda left, right: left.join(right, on=_KEY, how="left"), [_totals(by_month), *values])
    named = {"top_category": F.col("most_categories"), "top_brand": F.col("most_brands")}
    return merged.withColumns({**named, "month": F.date_format("month", "yyyy-MM")})


def _totals(touches: DataFrame) -> DataFrame:
    level, known = F.col("price_level") * F.col("events"), F.col("price_level").isNotNull()
    return touches.groupBy(*_KEY).agg(
        F.min("first_event").alias("first_seen"),
        F.max("last_event").alias("last_seen"),
        F.max("last_purchase").alias("last_purchase"),
        F.try_divide(F.sum("prices"), F.sum("priced")).alias("mean_price"),
        F.try_divide(F.sum(level), F.sum(F.when(known, F.col("events")))).alias("price_level"),
    )


def _different(touches: DataFrame, value: Column, name: str) -> DataFrame:
    """Of each user's values: their number, and the one of most events, of several the first by name."""
    counted = touches.groupBy(*_KEY, value).agg(F.sum("events").alias("events")).where("value is not null")
    most = F.min(F.struct(-F.col("events"), "value"))["value"]
    return counted.groupBy(*_KEY).agg(F.count("*").alias(name), most.alias(f"most_{name}"))
