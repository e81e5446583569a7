"""The events topic as Spark reads it."""

import orjson
from pyspark.sql import DataFrame, SparkSession

from shoplab.core.settings import Settings

# At the topic's end Kafka holds a fetch back for that long, and with it what is asked next on the same connection:
# with Kafka's own 500 ms a batch of 10,000 events took a second longer
_FETCH_WAIT_MS = 10

Ends = dict[str, int]  # partition -> offset


def options(settings: Settings) -> dict[str, str]:
    """Of every reader of the topic."""
    return {
        "kafka.bootstrap.servers": settings.kafka,
        "kafka.fetch.max.wait.ms": str(_FETCH_WAIT_MS),
        "subscribe": settings.events_topic,
    }


def between(settings: Settings, spark: SparkSession, starts: Ends, ends: Ends) -> DataFrame:
    """The records from these offsets to before those."""
    offsets = [orjson.dumps({settings.events_topic: at}).decode() for at in (starts, ends)]
    reader = spark.read.format("kafka").options(**options(settings))
    return reader.option("startingOffsets", offsets[0]).option("endingOffsets", offsets[1]).load()
