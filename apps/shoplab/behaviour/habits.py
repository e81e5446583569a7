"""Sessions, touches and bought products -> each user's habits by month."""

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplab.behaviour.sessions import distinct, top_category
from shoplab.core.schemas import HABIT
from shoplab.core.vocabulary import CART, PURCHASE, VIEW

_KEY = ["user_id", "month"]


def habits(sessions: DataFrame, touches: DataFrame, bought: DataFrame) -> DataFrame:
    """HABIT rows. What comes from sessions and bought products belongs to the month that the session began in, what
    comes from touches to the month of the events, as in USER.
    """
    by_month = touches.withColumn("month", F.date_format("hour", "yyyy-MM"))
    parts = [visits(sessions), _purchases(bought), _loyalty(by_month), _prices(by_month)]
    stacked = reduce(lambda above, below: above.unionByName(below, allowMissingColumns=True), parts)
    # Each part has columns of its own, and one row a user and month: the greatest value is the only one
    merged = stacked.groupBy(*_KEY).agg(*[F.max(name).alias(name) for name in HABIT.names if name not in _KEY])
    return merged.fillna(0, subset=["visits_per_week", "any_order", "strict_order"]).select(*HABIT.names)


def visits(sessions: DataFrame) -> DataFrame:
    """When and how often a user comes. A week is 7 days of those that the log has of the month."""
    days = sessions.groupBy("month").agg((F.datediff(F.max("session_start"), F.min("session_start")) + 1).alias("days"))
    before = F.lag("session_start").over(Window.partitionBy(*_KEY).orderBy("session_start", "user_session"))
    gap_h = (F.unix_timestamp("session_start") - F.unix_timestamp(before)) / 3600
    hour, weekday = F.hour("session_start"), F.weekday("session_start")
    viewed, carted, purchased = (F.col(str(event.counts)) > 0 for event in (VIEW, CART, PURCHASE))
    return (
        sessions.withColumn("gap_h", gap_h)
        .join(F.broadcast(days), on="month", how="inner")
        .groupBy(*_KEY)
        .agg(
            (F.count("*") * 7 / F.first("days")).alias("visits_per_week"),
            F.median("gap_h").alias("median_gap_h"),
            _share(weekday >= 5).alias("weekend_share"),
            _share(hour < 6).alias("night_share"),
            F.mode(hour, deterministic=True).alias("top_hour"),
            F.mode(weekday, deterministic=True).alias("top_weekday"),
            F.count_if(viewed & carted & purchased).alias("any_order"),
        )
    )


def _purchases(bought: DataFrame) -> DataFrame:
    strict = F.when(F.col("strict_order"), F.col("user_session"))
    return bought.groupBy(*_KEY).agg(
        distinct(strict).alias("strict_order"), F.avg("wait_s").alias("time_to_purchase_s")
    )


def _loyalty(touches: DataFrame) -> DataFrame:
    """The share of the user's events with a category (a brand) that is in the one most met."""
    met = F.explode(F.array(_met("category", top_category()), _met("brand", F.col("brand")))).alias("met")
    counted = touches.select(*_KEY, "events", met).where("met.value is not null")
    counted = counted.groupBy(*_KEY, "met").agg(F.sum("events").alias("events"))
    loyalties = {name: F.when(F.col("met.kind") == name, F.col("events")) for name in ("category", "brand")}
    return counted.groupBy(*_KEY).agg(
        *[(F.max(events) / F.sum(events)).alias(f"{name}_loyalty") for name, events in loyalties.items()]
    )


def _prices(touches: DataFrame) -> DataFrame:
    """discount_share: discounted of priced purchases. price_sensitivity: mean price_level of what is viewed less that
    of what is carted or bought: above 0 where the user takes the cheaper ones of what they look at.
    """
    viewed, taken = F.col(str(VIEW.counts)), F.col(str(CART.counts)) + F.col(str(PURCHASE.counts))
    return touches.groupBy(*_KEY).agg(
        F.try_divide(F.sum("discounted"), F.sum("priced_purchases")).alias("discount_share"),
        (_mean_level(viewed) - _mean_level(taken)).alias("price_sensitivity"),
    )


def _mean_level(weight: Column) -> Column:
    known = F.when(F.col("price_level").isNotNull(), weight)
    return F.try_divide(F.sum(F.col("price_level") * known), F.sum(known))


def _met(kind: str, value: Column) -> Column:
    return F.struct(F.lit(kind).alias("kind"), value.alias("value"))


def _share(condition: Column) -> Column:
    return F.count_if(condition) / F.count("*")
