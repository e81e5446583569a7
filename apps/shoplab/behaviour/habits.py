"""Sessions, touches and bought products -> each user's habits by month."""

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplab.behaviour.columns import top_category
from shoplab.core.schemas import HABIT
from shoplab.core.vocabulary import CART, PURCHASE, VIEW

DISCOUNT = 0.05  # a purchase this much below the product's median price was made at a discount
_KEY = ["user_id", "month"]


def habits(sessions: DataFrame, touches: DataFrame, bought: DataFrame, discounts: DataFrame) -> DataFrame:
    """HABIT rows, of touches with their products' look. What comes from sessions and bought products belongs to the
    month that the session began in, what comes from touches and discounts to the month of the events, as in USER.
    """
    by_month = touches.withColumn("month", F.trunc("hour", "month"))
    of_touches = [_loyalty(by_month, "category", top_category()), _loyalty(by_month, "brand", F.col("brand")),
                  _sensitivity(by_month)]  # fmt: skip
    named = [part.withColumn("month", F.date_format("month", "yyyy-MM")) for part in of_touches]
    parts = [*visits(sessions), _purchases(bought), *named, discounts]
    stacked = reduce(lambda above, below: above.unionByName(below, allowMissingColumns=True), parts)
    # Each part has columns of its own, and one row a user and month: the greatest value is the only one
    merged = stacked.groupBy(*_KEY).agg(*[F.max(name).alias(name) for name in HABIT.names if name not in _KEY])
    return merged.fillna(0, subset=["visits_per_week", "any_order", "strict_order"]).select(*HABIT.names)


def discounts(events: DataFrame, products: DataFrame) -> DataFrame:
    """Grain: one user in one month, of those who bought something whose price can be held against the product's median.
    discount_share: of these purchases, the ones at least 5 % below it.
    """
    bought = events.where(F.col("event_type") == PURCHASE.name).where("price is not null")
    known = products.where("median_price > 0").select("product_id", "median_price")
    low = F.col("price") <= (1 - DISCOUNT) * F.col("median_price")
    compared = bought.join(known, on="product_id", how="inner")
    month = F.date_format("event_time", "yyyy-MM").alias("month")
    return compared.groupBy("user_id", month).agg(_share(low).alias("discount_share"))


def visits(sessions: DataFrame) -> list[DataFrame]:
    """When and how often a user comes. A week is 7 days of those that the log has of the month."""
    columns = ("user_session", "session_start", *[str(event.counts) for event in (VIEW, CART, PURCHASE)])
    theirs = sessions.select(*_KEY, *columns).repartition("user_id")  # the parts below share it
    hour, weekday = F.hour("session_start"), F.weekday("session_start")
    return [
        _frequency(theirs, sessions),
        _gaps(theirs),
        _mode(theirs, hour, "top_hour"),
        _mode(theirs, weekday, "top_weekday"),
    ]


def _frequency(sessions: DataFrame, whole: DataFrame) -> DataFrame:
    first, last = F.min("session_start"), F.max("session_start")
    days = whole.groupBy("month").agg((F.datediff(last, first) + 1).alias("days"))
    hour, weekday = F.hour("session_start"), F.weekday("session_start")
    viewed, carted, purchased = (F.col(str(event.counts)) > 0 for event in (VIEW, CART, PURCHASE))
    return (
        sessions.join(F.broadcast(days), on="month", how="inner")
        .groupBy(*_KEY)
        .agg(
            (F.count("*") * 7 / F.max("days")).alias("visits_per_week"),
            _share(weekday >= 5).alias("weekend_share"),
            _share(hour < 6).alias("night_share"),
            F.count_if(viewed & carted & purchased).alias("any_order"),
        )
    )


def _gaps(sessions: DataFrame) -> DataFrame:
    """The median by places among the user's gaps, the mean of the two in the middle where their number is even."""
    before = F.lag("session_start").over(Window.partitionBy(*_KEY).orderBy("session_start", "user_session"))
    gap_h = (F.unix_timestamp("session_start") - F.unix_timestamp(before)) / 3600
    gaps = sessions.withColumn("gap_h", gap_h).where("gap_h is not null")
    of_user = Window.partitionBy(*_KEY)
    placed = gaps.withColumns(
        {"place": F.row_number().over(of_user.orderBy("gap_h")), "gaps": F.count("*").over(of_user)}
    )
    middle = F.abs(2 * F.col("place") - F.col("gaps") - 1) <= 1
    return placed.where(middle).groupBy(*_KEY).agg(F.avg("gap_h").alias("median_gap_h"))


def _mode(sessions: DataFrame, value: Column, name: str) -> DataFrame:
    """The value of most sessions, of several the lowest."""
    counted = sessions.groupBy(*_KEY, value.alias("value")).agg(F.count("*").alias("sessions"))
    least = F.min(F.col("value") - F.col("sessions") * 100)  # one number of both: the value has two digits
    return counted.groupBy(*_KEY).agg(F.pmod(least, F.lit(100)).cast("int").alias(name))


def _purchases(bought: DataFrame) -> DataFrame:
    by_session = bought.groupBy(*_KEY, "user_session").agg(
        F.max("strict_order").alias("strict"), F.sum("wait_s").alias("wait_s"), F.count("wait_s").alias("waits")
    )
    return by_session.groupBy(*_KEY).agg(
        F.count_if("strict").alias("strict_order"),
        F.try_divide(F.sum("wait_s"), F.sum("waits")).alias("time_to_purchase_s"),
    )


def _loyalty(touches: DataFrame, kind: str, value: Column) -> DataFrame:
    """The share of the user's events with a category (a brand) that is in the one most met."""
    counted = touches.groupBy(*_KEY, value.alias("value")).agg(F.sum("events").alias("events"))
    shares = counted.where("value is not null").groupBy(*_KEY)
    return shares.agg((F.max("events") / F.sum("events")).alias(f"{kind}_loyalty"))


def _sensitivity(touches: DataFrame) -> DataFrame:
    """Mean price_level of what is viewed less that of what is carted or bought: above 0 where the user takes the
    cheaper ones of what they look at.
    """
    viewed, taken = F.col(str(VIEW.counts)), F.col(str(CART.counts)) + F.col(str(PURCHASE.counts))
    return touches.groupBy(*_KEY).agg((_mean_level(viewed) - _mean_level(taken)).alias("price_sensitivity"))


def _mean_level(weight: Column) -> Column:
    known = F.when(F.col("price_level").isNotNull(), weight)
    return F.try_divide(F.sum(F.col("price_level") * known), F.sum(known))


def _share(condition: Column) -> Column:
    return F.count_if(condition) / F.count("*")
