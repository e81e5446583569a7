"""One micro-batch of Kafka records -> the lab's tables: the batch's own steps on the rows that are new."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.users import users
from shoplab.core.schemas import EVENT, SOURCE_COLUMNS
from shoplab.events import clean, wire
from shoplab.events.mapping import Mapping
from shoplab.events.rows_spark import RAW_LENGTH


def read_records(records: DataFrame, mapping: Mapping) -> DataFrame:
    """Kafka records -> the typed rows of events.clean, with (source, line) = (topic-partition, offset) as their place,
    and `arrived`, the record's Kafka time."""
    value = F.col("value")
    parsed = records.select(
        F.concat_ws("-", F.lit("kafka"), "topic", "partition").alias("source"),
        F.col("offset").alias("line"),
        F.col("timestamp").alias("arrived"),
        F.substring(wire.text(value), 1, RAW_LENGTH).alias("raw"),
        wire.decode(value).alias("row"),
    )
    malformed = F.coalesce(*[F.col(f"row.{name}") for name in SOURCE_COLUMNS]).isNull()
    columns = [F.trim(f"row.{name}").alias(name) for name in SOURCE_COLUMNS]
    return clean.typed(
        parsed.select("source", "line", "arrived", "raw", malformed.alias("malformed"), *columns), mapping
    )


def events_of_users(events: DataFrame, stored: DataFrame) -> DataFrame:
    """All stored events of the batch's users in the months the batch touches."""
    keys = events.select("user_id", F.date_format("date", "yyyy-MM").alias("month")).distinct()
    by_month = stored.withColumn("month", F.date_format("date", "yyyy-MM"))
    return by_month.join(F.broadcast(keys), on=["user_id", "month"], how="left_semi").select(*EVENT.names)


def touched_users(theirs: DataFrame, products: DataFrame) -> DataFrame:
    """USER rows from all events of the batch's users (see `events_of_users`): the batch job's own steps."""
    return users(theirs, sessions(theirs), products)
