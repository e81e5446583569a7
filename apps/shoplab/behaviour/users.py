"""Events and sessions -> users by month."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.sessions import distinct, top_category
from shoplab.core.schemas import USER, USER_RATES
from shoplab.core.vocabulary import CART, COUNTS, PURCHASE


def users(events: DataFrame, sessions: DataFrame, products: DataFrame) -> DataFrame:
    """USER rows. `products` gives each product's price_level (see behaviour.products)."""
    merged = _from_sessions(sessions).join(_from_events(events, products), on=["user_id", "month"], how="full_outer")
    counts = [column.name for column in USER.columns if column.kind == "bigint"]
    known = merged.fillna(0, subset=[*counts, "revenue", "mean_session_s", "cart_sessions", "abandoned"])
    return known.withColumns(rates()).select(*USER.names)


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
    return sessions.groupBy("user_id", "month").agg(
        *[column.alias(name) for name, column in added_up().items()],
        F.max("events").alias("longest_session"),
        F.avg("duration_s").alias("mean_session_s"),
        F.when(F.count("*") > 1, gap_s / 3600 / (F.count("*") - 1)).alias("mean_gap_h"),
    )


def _from_events(events: DataFrame, products: DataFrame) -> DataFrame:
    levels = products.select("product_id", "price_level")
    return (
        events.join(levels, on="product_id", how="left")
        .groupBy("user_id", F.date_format("event_time", "yyyy-MM").alias("month"))
        .agg(
            distinct("product_id").alias("products"),
            distinct(top_category()).alias("categories"),
            distinct("brand").alias("brands"),
            distinct("date").alias("active_days"),
            F.min("event_time").alias("first_seen"),
            F.max("event_time").alias("last_seen"),
            F.max(F.when(F.col("event_type") == PURCHASE.name, F.col("event_time"))).alias("last_purchase"),
            F.avg("price").alias("mean_price"),
            F.avg("price_level").alias("price_level"),
            F.mode(top_category(), deterministic=True).alias("top_category"),
            F.mode("brand", deterministic=True).alias("top_brand"),
        )
    )
