"""One micro-batch of Kafka records -> the lab's tables: the batch's own steps on the rows that are new."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.users import users
from shoplab.core.schemas import EVENT, SOURCE_COLUMNS
from shoplab.events import clean, wire
from shoplab.events.mapping import Mapping


def read_records(records: DataFrame, mapping: Mapping, days: tuple[str, str]) -> DataFrame:
    """Kafka records -> the typed rows of events.clean, with (source, line) = (topic-partition, offset) as their place,
    and `arrived`, the record's Kafka time."""
    read = wire.decode(records)
    nothing = F.coalesce(*[F.col(name) for name in SOURCE_COLUMNS]).isNull()
    rows = read.select(
        F.concat_ws("-", F.lit("kafka"), "topic", "partition").alias("source"),
        F.col("offset").alias("line"),
        F.col("timestamp").alias("arrived"),
        F.coalesce("raw", wire.shown(F.col("value"))).alias("raw"),
        F.coalesce("fault", F.when(nothing, F.lit("not a JSON object of an event"))).alias("fault"),
        "plain",
        *SOURCE_COLUMNS,
    )
    return clean.typed(rows, mapping, days)


def events_of_users(events: DataFrame, stored: DataFrame) -> DataFrame:
    """All stored events of the batch's users in the months the batch touches."""
    keys = events.select("user_id", F.date_format("date", "yyyy-MM").alias("month")).distinct()
    by_month = stored.withColumn("month", F.date_format("date", "yyyy-MM"))
    return by_month.join(F.broadcast(keys), on=["user_id", "month"], how="left_semi").select(*EVENT.names)


def touched_users(theirs: DataFrame, products: DataFrame) -> DataFrame:
    """USER rows from all events of the batch's users (see `events_of_users`): the batch job's own steps."""
    return users(theirs, sessions(theirs), products)
