"""Events and sessions -> activity by hour, the funnel, and what sells."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.columns import counts_by_type, revenue, top_category
from shoplab.core.vocabulary import CART, FUNNEL, PURCHASE, VIEW


def activity(events: DataFrame) -> DataFrame:
    """Grain: one hour (UTC). Counts by type, users (about), revenue."""
    return events.groupBy(F.date_trunc("hour", "event_time").alias("hour")).agg(
        F.count("*").alias("events"),
        *counts_by_type(),
        F.approx_count_distinct("user_id").alias("users"),
        revenue().alias("revenue"),
    )


def funnel(sessions: DataFrame, bought: DataFrame) -> DataFrame:
    """Grain: one month. Sessions that came to each step of the funnel; carts left without a purchase; any_order:
    sessions with a view, a cart and a purchase, whatever the order; strict_order: sessions in which one and the same
    product was viewed, then carted, then bought. `bought`: behaviour.bought.
    """
    viewed, carted, purchased = (F.col(str(event.counts)) > 0 for event in (VIEW, CART, PURCHASE))
    counted = sessions.groupBy("month").agg(
        F.count("*").alias("sessions"),
        *steps_reached(),
        F.count_if(carted & ~purchased).alias("abandoned"),
        F.count_if(viewed & carted & purchased).alias("any_order"),
        F.sum("revenue").alias("revenue"),
        F.avg("duration_s").alias("mean_duration_s"),
        F.median("duration_s").alias("median_duration_s"),
        F.avg("events").alias("mean_events"),
    )
    people = sessions.select("month", "user_id").distinct().groupBy("month").agg(F.count("*").alias("users"))
    strict = bought.where("strict_order").select("user_id", "user_session", "month").distinct()
    strict = strict.groupBy("month").agg(F.count("*").alias("strict_order"))
    joined = counted.join(F.broadcast(people), on="month", how="inner").join(
        F.broadcast(strict), on="month", how="left"
    )
    return joined.fillna(0, subset=["strict_order"])


def steps_reached() -> list[Column]:
    """Sessions that came to each step of the funnel, of a table of sessions or of parts of them."""
    return [F.count_if(F.col(str(event.counts)) > 0).alias(str(event.step)) for event in FUNNEL]


def categories(events: DataFrame) -> DataFrame:
    """Grain: one top-level category (null: products without one). Counts by type, users (about), revenue."""
    return events.groupBy(top_category().alias("category")).agg(
        *counts_by_type(),
        F.approx_count_distinct("user_id").alias("users"),
        revenue().alias("revenue"),
    )


def session_lengths(sessions: DataFrame) -> DataFrame:
    """Grain: one (events in session, capped at 50). Number of sessions and of those with a purchase."""
    capped = sessions.withColumn("length", F.least(F.col("events"), F.lit(50)))
    return capped.groupBy("length").agg(
        F.count("*").alias("sessions"), F.count_if(F.col(str(PURCHASE.counts)) > 0).alias("with_purchase")
    )


def visits(users: DataFrame) -> DataFrame:
    """Grain: one (month, sessions of a user in it, capped at 20). Number of users and of buyers."""
    capped = users.withColumn("visits", F.least(F.col("sessions"), F.lit(20)))
    return capped.groupBy("month", "visits").agg(
        F.count("*").alias("users"), F.count_if(F.col("orders") > 0).alias("buyers")
    )
