"""A file against what is stored: is each of its events on HDFS?"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.core.catalog import holding
from shoplab.core.frames import SparkCatalog
from shoplab.core.schemas import EVENT
from shoplab.events import clean, rows_spark
from shoplab.events.bad_rows import count_rows
from shoplab.events.sources import SourceFile
from shoplab.streaming.records import event_key

_SHOWN = 3


@dataclass(frozen=True)
class Compared:
    """rows = rejected + distinct events + repeated ones. missing: distinct ones not on HDFS; examples: of those."""

    file: str
    rows: int
    rejected: int
    distinct: int
    missing: int
    examples: list[str]

    def lines(self) -> Iterator[str]:
        yield (
            f"{self.file}: {self.rows:,} rows = {self.distinct:,} events"
            f" + {self.rows - self.rejected - self.distinct:,} repeated + {self.rejected:,} rejected;"
            f" {self.distinct - self.missing:,} of the events are on HDFS"
        )
        yield from (f"missing: {example}" for example in self.examples)


@holding
def compare(catalog: SparkCatalog, source: SourceFile) -> Compared:
    """Events are the same where all but their session is: a missing one has been filled. By a hash of 64 bits."""
    with ExitStack() as stack:
        uris = stack.enter_context(rows_spark.readable(source))
        typed = clean.typed(rows_spark.read_staged(catalog.spark, uris, source), source.mapping, catalog.settings.days)
        rows, reasons = count_rows(typed)
        wanted = _keyed(clean.good(typed)).dropDuplicates(["key"]).persist()
        stack.callback(wanted.unpersist)
        missing = wanted.join(_stored(catalog), "key", "left_anti").persist()
        stack.callback(missing.unpersist)
        examples = [", ".join(map(str, row)) for row in missing.drop("key", "date").limit(_SHOWN).collect()]
        return Compared(
            source.path.name, rows, sum(reasons.values()), wanted.count(), missing.count(), examples,
        )  # fmt: skip


def _stored(catalog: SparkCatalog) -> DataFrame:
    if not catalog.has("events"):
        return catalog.spark.createDataFrame([], "key bigint")
    return _keyed(catalog.read("events")).select("key").distinct()


def _keyed(events: DataFrame) -> DataFrame:
    columns: list[Column] = [F.col(name) for name in EVENT.names if name not in ("date", "user_session")]
    return events.withColumn("key", event_key(columns))
