"""Kafka records -> typed rows, with what the stream's memory knows them by."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.core.schemas import EVENT, SOURCE_COLUMNS
from shoplab.events import clean, wire_spark
from shoplab.events.mapping import REES46, Mapping, load_mapping

NO_EVENT = "not a JSON object of an event"
_PLACE = ("partition", "offset", "arrived")


def read_records(records: DataFrame, mapping: Mapping, days: tuple[str, str]) -> DataFrame:
    """Kafka records -> the typed rows of events.clean, with their place (partition, offset) and `arrived`, their Kafka
    time. raw: of a bad one, what it was. days: the first and the last that events may be of; "" for the day after they
    arrived: a stream runs for weeks.
    """
    last = days[1] or F.date_add(F.to_date("arrived"), 1)
    read = wire_spark.decode(records)
    nothing = F.coalesce(*[F.col(name) for name in SOURCE_COLUMNS]).isNull()
    kept = read.withColumnsRenamed({"timestamp": "arrived", "raw": "_raw"})
    kept = kept.withColumn("fault", F.coalesce("fault", F.when(nothing, F.lit(NO_EVENT))))
    typed = clean.typed(
        kept.select(*_PLACE, "value", "_raw", "fault", "plain", *SOURCE_COLUMNS), mapping, (days[0], last)
    )
    raw = F.when(F.col("reason").isNotNull(), F.coalesce("_raw", wire_spark.shown(F.col("value"))))
    return typed.withColumn("raw", raw).select(*_PLACE, "raw", "reason", *EVENT.names)


def hashed(rows: DataFrame) -> DataFrame:
    """Adds the hashes that the stream's memory knows things by: user_key, session_key (null without a session),
    product_key; and key, of a whole event. Two of 20 million different events share one in 1 of 90,000 cases.
    """
    return rows.withColumns(
        {
            "key": event_key([F.col(name) for name in EVENT.names if name != "date"]),
            "user_key": F.xxhash64("user_id"),
            "session_key": F.when(F.col("user_session").isNotNull(), F.xxhash64("user_id", "user_session")),
            "product_key": F.xxhash64("product_id"),
        }
    )


def event_key(columns: list[Column]) -> Column:
    """A hash of these columns and of which are null: a null leaves Spark's hash as it is, so that a brand could not be
    told from a category.
    """
    null = sum((column.isNull().cast("int") * (1 << bit) for bit, column in enumerate(columns)), F.lit(0))
    return F.xxhash64(*columns, null)


def stream_rows(records: DataFrame, days: tuple[str, str]) -> DataFrame:
    """Kafka records -> what a micro-batch gets. days: see `read_records`."""
    return hashed(read_records(records, load_mapping(REES46), days))
