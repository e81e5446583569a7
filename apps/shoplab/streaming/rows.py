"""A micro-batch's records -> its rows."""

from functools import cache
from typing import Any, cast

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from shoplab.streaming.plain import SCHEMA, read_plain
from shoplab.streaming.records import stream_rows

_RECORDS = ("partition", "offset", "timestamp", "value")


def records(source: DataFrame) -> DataFrame:
    """Of Kafka's records what `rows_of` reads."""
    return source.select(*_RECORDS)


def rows_of(spark: SparkSession, found: pa.Table, days: tuple[str, str]) -> pa.Table:
    """Rows of `records.stream_rows`, in the topic's order. Spark reads those that are not as replay writes them."""
    rows, is_read = read_plain(found, days)
    if not is_read.all():
        others = spark.createDataFrame(found.filter(pa.array(~is_read)))
        rows = pa.concat_tables([rows, _by_spark(others, days).toArrow().cast(SCHEMA)])
    return rows.sort_by([("partition", "ascending"), ("offset", "ascending")]).combine_chunks()


def _by_spark(found: DataFrame, days: tuple[str, str]) -> DataFrame:
    """`stream_rows`, its columns built once: that takes a second or two, to read some records with them some 0.3 s."""
    for name, arguments, named in _steps(days):
        found = getattr(found, name)(*arguments, **named)
    return found


_Step = tuple[str, tuple[Any, ...], dict[str, Any]]


@cache
def _steps(days: tuple[str, str]) -> tuple[_Step, ...]:
    return cast(_Noted, stream_rows(cast(DataFrame, _Noted()), days)).steps


class _Noted:
    """Stands in for a table and notes what is done to it."""

    def __init__(self, *steps: _Step) -> None:
        self.steps = steps

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **named: _Noted(*self.steps, (name, arguments, named))
