from pyspark.sql import SparkSession

from shoplab.streaming.tally import Tally, tally

_COLUMNS = "reason string, event_type string, date date, arrived timestamp, price double, quantity long"


def test_an_empty_batch_counts_nothing(spark: SparkSession) -> None:
    assert tally(spark.createDataFrame([], _COLUMNS)) == Tally()
