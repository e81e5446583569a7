"""Event files in any layout that `./lab ingest` reads, by its own steps, on a Spark session that needs no lab."""

from pyspark.sql import DataFrame, SparkSession

from shoplab.core.console import Say
from shoplab.events import clean, rows_spark
from shoplab.events.bad_rows import count_rows, in_words, refuse_bad_file
from shoplab.events.sources import SourceFile


def read_good(spark: SparkSession, source: SourceFile, uris: list[str], days: tuple[str, str], note: Say) -> DataFrame:
    """The good events, as ingest takes them. `note` is told of rows left out; LabError where they are too many. days:
    Settings.days."""
    checked = clean.typed(rows_spark.read_staged(spark, uris, source), source.mapping, days)
    rows, reasons = count_rows(checked)
    refuse_bad_file(source.path, rows, reasons)
    if reasons:
        note(f"{source.path.name}: {sum(reasons.values()):,} of {rows:,} rows left out: {in_words(reasons)}")
    return clean.good_events(checked)
