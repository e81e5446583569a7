from pyspark.sql import SparkSession

from shoplab.events.store import not_in
from tests.data import event, event_frame


def test_events_that_are_stored_are_not_new(spark: SparkSession) -> None:
    stored = event_frame(spark, event("10-01 12:00:00"), event("10-01 12:00:01", brand=None))
    batch = event_frame(
        spark, event("10-01 12:00:00"), event("10-01 12:00:01", brand=None), event("10-01 12:00:02", brand=None)
    )
    assert [row["event_time"].second for row in not_in(batch, stored).collect()] == [2]
