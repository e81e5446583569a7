"""Touches -> sessions."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.columns import sums, top_category
from shoplab.core.schemas import SESSION
from shoplab.core.vocabulary import COUNTS

# A user with a longer session in a month is taken for a robot: a person can't click for hours without a pause of half
# an hour, and the longest of the 9.2 million sessions of REES46's October has 1,159 events.
ROBOT_SESSION_EVENTS = 2_000
_KEY = ("user_id", "user_session")
_SUMS = ("events", *COUNTS.values(), "revenue")


def sessions(touches: DataFrame) -> DataFrame:
    """SESSION rows. A session that runs over midnight of a month's last day belongs to the month it began in. Where
    events of several categories share the first or last moment, entry_category and exit_category are any of them.
    """
    # Categories by a hash of theirs: with numbers alone Spark aggregates in hash tables, with strings it sorts
    number = F.xxhash64(top_category("own_category"))
    by_product = touches.groupBy(*_KEY, "product_id").agg(
        *sums(*_SUMS), *_ends("first_event", "last_event", number, number)
    )
    ended = _ends("session_start", "session_end", "entry", "exit")
    by_session = by_product.groupBy(*_KEY).agg(F.count("*").alias("products"), *sums(*_SUMS), *ended)
    seconds = F.unix_timestamp("session_end") - F.unix_timestamp("session_start")
    named = by_session.join(_names(touches, "entry"), on="entry", how="left").join(
        _names(touches, "exit"), on="exit", how="left"
    )
    months = {"duration_s": seconds, "month": F.date_format("session_start", "yyyy-MM")}
    return named.withColumns(months).select(*SESSION.names)


def _ends(first: str, last: str, of_first: Column | str, of_last: Column | str) -> list[Column]:
    return [
        F.min(first).alias("session_start"),
        F.max(last).alias("session_end"),
        F.min_by(of_first, first).alias("entry"),
        F.max_by(of_last, last).alias("exit"),
    ]


def _names(touches: DataFrame, end: str) -> DataFrame:
    """Hash -> category."""
    names = touches.select(top_category("own_category").alias(f"{end}_category")).distinct()
    return F.broadcast(names.withColumn(end, F.xxhash64(f"{end}_category")))
