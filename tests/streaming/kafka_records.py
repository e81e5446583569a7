"""Kafka records as Spark's source gives them."""

import datetime as dt

from pyspark.sql import DataFrame, SparkSession

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def records(spark: SparkSession, *values: bytes) -> DataFrame:
    """One after the other in one partition, all arrived NOW."""
    schema = "value binary, topic string, partition int, offset bigint, timestamp timestamp"
    return spark.createDataFrame([(bytearray(v), "events", 0, i, NOW) for i, v in enumerate(values)], schema)
