"""Events and sessions -> activity by hour, the funnel, and what sells."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.sessions import EVENT_COUNTS, revenue, top_category


def activity(events: DataFrame) -> DataFrame:
    """Grain: one hour (UTC). Counts by type, users (about), revenue."""
    return events.groupBy(F.date_trunc("hour", "event_time").alias("hour")).agg(
        F.count("*").alias("events"),
        *[F.count_if(F.col("event_type") == kind).alias(name) for kind, name in EVENT_COUNTS.items()],
        F.approx_count_distinct("user_id").alias("users"),
        revenue().alias("revenue"),
    )


def funnel(sessions: DataFrame, bought: DataFrame) -> DataFrame:
    """Grain: one month. Sessions that had a view, a cart, a purchase; carts left without a purchase; any_order:
    sessions with all three, whatever the order; strict_order: sessions in which one and the same product was viewed,
    then carted, then bought. `bought`: behaviour.bought.
    """
    viewed, carted, purchased = (F.col(name) > 0 for name in ("views", "carts", "purchases"))
    counted = sessions.groupBy("month").agg(
        F.count("*").alias("sessions"),
        F.count_if(viewed).alias("viewed"),
        F.count_if(carted).alias("carted"),
        F.count_if(purchased).alias("purchased"),
        F.count_if(carted & ~purchased).alias("abandoned"),
        F.count_if(viewed & carted & purchased).alias("any_order"),
        F.sum("revenue").alias("revenue"),
        F.avg("duration_s").alias("mean_duration_s"),
        F.median("duration_s").alias("median_duration_s"),
        F.avg("events").alias("mean_events"),
        F.count_distinct("user_id").alias("users"),
    )
    strict = bought.where("strict_order").select("user_id", "user_session", "month").distinct()
    strict = strict.groupBy("month").agg(F.count("*").alias("strict_order"))
    return counted.join(F.broadcast(strict), on="month", how="left").fillna(0, subset=["strict_order"])


def categories(events: DataFrame) -> DataFrame:
    """Grain: one top-level category (null: products without one). Counts by type, users (about), revenue."""
    return events.groupBy(top_category().alias("category")).agg(
        *[F.count_if(F.col("event_type") == kind).alias(name) for kind, name in EVENT_COUNTS.items()],
        F.approx_count_distinct("user_id").alias("users"),
        revenue().alias("revenue"),
    )


def session_lengths(sessions: DataFrame) -> DataFrame:
    """Grain: one (events in session, capped at 50). Number of sessions and of those with a purchase."""
    capped = sessions.withColumn("length", F.least(F.col("events"), F.lit(50)))
    return capped.groupBy("length").agg(
        F.count("*").alias("sessions"), F.count_if(F.col("purchases") > 0).alias("with_purchase")
    )


def visits(users: DataFrame) -> DataFrame:
    """Grain: one (month, sessions of a user in it, capped at 20). Number of users and of buyers."""
    capped = users.withColumn("visits", F.least(F.col("sessions"), F.lit(20)))
    return capped.groupBy("month", "visits").agg(
        F.count("*").alias("users"), F.count_if(F.col("orders") > 0).alias("buyers")
    )
