"""Events -> sessions."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.core.schemas import SESSION
from shoplab.core.vocabulary import COUNTS, EVENTS

# A user with a longer session in a month is taken for a robot: a person can't click for hours without a pause of half
# an hour, and the longest of the 9.2 million sessions of REES46's October has 1,159 events.
ROBOT_SESSION_EVENTS = 2_000


def top_category() -> Column:
    """The first part of category_code: "electronics" of "electronics.smartphone"."""
    return F.substring_index("category_code", ".", 1)


def sessions(events: DataFrame) -> DataFrame:
    """SESSION rows from EVENT rows. A session that runs over midnight of a month's last day belongs to the month it
    began in.
    """
    return (
        events.groupBy("user_id", "user_session")
        .agg(
            F.min("event_time").alias("session_start"),
            F.max("event_time").alias("session_end"),
            F.count("*").alias("events"),
            *counts_by_type(),
            distinct("product_id").alias("products"),
            revenue().alias("revenue"),
            F.min_by(top_category(), "event_time").alias("entry_category"),
            F.max_by(top_category(), "event_time").alias("exit_category"),
        )
        .withColumn("duration_s", F.unix_timestamp("session_end") - F.unix_timestamp("session_start"))
        .withColumn("month", F.date_format("session_start", "yyyy-MM"))
        .select(*SESSION.names)
    )


def counts_by_type() -> list[Column]:
    """One column for each event type that is counted: views, carts, …"""
    return [F.count_if(F.col("event_type") == name).alias(counts) for name, counts in COUNTS.items()]


def distinct(values: str | Column) -> Column:
    """Exact number of different values, for groups of one session or user: a set in memory, where Spark's own
    count_distinct multiplies every row by the number of distinct columns."""
    return F.size(F.collect_set(values)).cast("long")


def revenue() -> Column:
    """What was paid: price times quantity of purchases, less the same of refunds; 0 without any. May be negative."""
    sign = F.coalesce(*[F.when(F.col("event_type") == event.name, event.pays) for event in EVENTS if event.pays])
    return F.coalesce(F.sum(sign * F.col("price") * F.coalesce("quantity", F.lit(1))), F.lit(0.0))
