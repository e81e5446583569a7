"""One micro-batch of Kafka records -> the lab's tables: the batch's own steps on the rows that are new."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.users import users
from shoplab.ingest import clean
from shoplab.ingest.mapping import Mapping
from shoplab.ingest.rows import RAW_LENGTH
from shoplab.schemas import EVENT, SOURCE_COLUMNS

_AS_TEXT = T.StructType([T.StructField(name, T.StringType()) for name in SOURCE_COLUMNS])


def read_records(records: DataFrame, mapping: Mapping) -> DataFrame:
    """Kafka records -> the typed rows of ingest.clean, with (source, line) = (topic-partition, offset) as their place,
    and `arrived`, the record's Kafka time."""
    raw = F.col("value").cast("string")
    parsed = records.select(
        F.concat_ws("-", F.lit("kafka"), "topic", "partition").alias("source"),
        F.col("offset").alias("line"),
        F.col("timestamp").alias("arrived"),
        F.substring(raw, 1, RAW_LENGTH).alias("raw"),
        F.from_json(raw, _AS_TEXT).alias("row"),
    )
    malformed = F.coalesce(*[F.col(f"row.{name}") for name in SOURCE_COLUMNS]).isNull()
    columns = [F.trim(f"row.{name}").alias(name) for name in SOURCE_COLUMNS]
    return clean.typed(
        parsed.select("source", "line", "arrived", "raw", malformed.alias("malformed"), *columns), mapping
    )


def good_events(rows: DataFrame) -> DataFrame:
    """Clean events of the batch, each once, sessions filled where they are missing."""
    events = clean.good(rows)
    filled = clean.fill_sessions(events.where("user_session is null"))
    return events.where("user_session is not null").unionByName(filled).distinct()


def new_events(events: DataFrame, stored: DataFrame) -> DataFrame:
    """The batch's events that are not stored yet. `stored` needs to hold only the batch's days."""
    return events.select(*EVENT.names).subtract(stored.select(*EVENT.names))


def events_of_users(events: DataFrame, stored: DataFrame) -> DataFrame:
    """All stored events of the batch's users in the months the batch touches."""
    keys = events.select("user_id", F.date_format("date", "yyyy-MM").alias("month")).distinct()
    by_month = stored.withColumn("month", F.date_format("date", "yyyy-MM"))
    return by_month.join(F.broadcast(keys), on=["user_id", "month"], how="left_semi").select(*EVENT.names)


def touched_users(theirs: DataFrame, products: DataFrame) -> DataFrame:
    """USER rows from all events of the batch's users (see `events_of_users`): the batch job's own steps."""
    return users(theirs, sessions(theirs), products)
