"""Clean events -> the stored ones, each once."""

from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from shoplab.core.frames import SparkCatalog
from shoplab.core.schemas import EVENT


def add_new(catalog: SparkCatalog, events: DataFrame, first: str, last: str) -> int:
    """Adds those that are not stored yet, in time order within a day, and returns how many. first, last: the days that
    the events are between.
    """
    stored = [day for day in catalog.partitions("events") if first <= day <= last]
    if stored:
        events = not_in(events, catalog.read_partitions("events", "date", stored))
    counted = Observation()
    events = events.select(*EVENT.names).observe(counted, F.count("*").alias("new"))
    staged = catalog.stage("events", events.repartition("date").sortWithinPartitions("date", "event_time"), "date")
    catalog.adopt("events", staged)
    return int(counted.get["new"])


def not_in(events: DataFrame, stored: DataFrame) -> DataFrame:
    """EVENT rows that are not among the stored ones, each once."""
    return events.select(*EVENT.names).subtract(stored.select(*EVENT.names))
