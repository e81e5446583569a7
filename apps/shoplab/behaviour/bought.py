"""Events of sessions that buy -> bought products, with the way to each purchase."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.touches import with_look
from shoplab.core.vocabulary import CART, PURCHASE, VIEW, EventType

_SESSION = ["user_id", "user_session"]
_PRODUCT = [*_SESSION, "product_id"]


def bought(events: DataFrame, sessions: DataFrame, products: DataFrame) -> DataFrame:
    """Grain: one product in one session that bought it. Key: (user_id, user_session, product_id).

    month: that of the session's start; strict_order: viewed, then carted, then bought, where events of one second count
    as in that order; strict_hours: the hours of the day (UTC) within which all three happened so; wait_s: from the
    first view to the first purchase after it, null without either; LOOK: the product's.
    """
    buying = sessions.where("purchases > 0").select(*_SESSION, "month")
    theirs = events.join(buying, on=_SESSION, how="inner").repartition("user_id")
    by_hour = theirs.groupBy(*_PRODUCT, "month", F.date_trunc("hour", "event_time").alias("hour")).agg(
        _first(VIEW).alias("first_view"),
        _last(PURCHASE).alias("last_purchase"),
        _times(CART).alias("carted_at"),
        _times(PURCHASE).alias("bought_at"),
    )
    judged = by_hour.withColumn("strict_hour", F.when(_strict_order(), F.hour("hour")))
    whole = judged.groupBy(*_PRODUCT, "month").agg(
        F.min("first_view").alias("first_view"),
        F.max("last_purchase").alias("last_purchase"),
        *[F.flatten(F.collect_list(name)).alias(name) for name in ("carted_at", "bought_at")],
        F.collect_set("strict_hour").alias("strict_hours"),
    )
    timed = whole.where("last_purchase is not null").select(
        *_PRODUCT, "month", "strict_hours", _strict_order().alias("strict_order"), _wait_s().alias("wait_s")
    )
    return with_look(timed, products)


def _strict_order() -> Column:
    """Whether a cart lies between the first view and the last purchase."""
    between = F.exists("carted_at", lambda at: at.between(F.col("first_view"), F.col("last_purchase")))
    return F.coalesce(between, F.lit(False))


def _wait_s() -> Column:
    after = F.array_min(F.filter("bought_at", lambda at: at >= F.col("first_view")))
    return F.unix_timestamp(after) - F.unix_timestamp("first_view")


def _first(event: EventType) -> Column:
    return F.min(F.when(F.col("event_type") == event.name, F.col("event_time")))


def _last(event: EventType) -> Column:
    return F.max(F.when(F.col("event_type") == event.name, F.col("event_time")))


def _times(event: EventType) -> Column:
    return F.collect_list(F.when(F.col("event_type") == event.name, F.col("event_time")))
