"""What a file would be taken in as: `./lab ingest --dry-run`."""

from contextlib import ExitStack

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplab.core.console import step, table
from shoplab.core.schemas import EVENT
from shoplab.core.settings import Settings
from shoplab.events import clean, rows_spark
from shoplab.events.bad_rows import count_rows, refuse_bad_file
from shoplab.events.rejects import show
from shoplab.events.sources import SourceFile

_FIRST = 5  # rows shown, good and bad
_COLUMNS = [name for name in EVENT.names if name != "date"]


def preview(spark: SparkSession, settings: Settings, source: SourceFile) -> None:
    """Prints the first rows as understood, how they are read, and how many would be rejected, and why. LabError as by
    `ingest`. Touches no HDFS.
    """
    with ExitStack() as stack:
        with step(f"read {source.path.name}"):
            uris = stack.enter_context(rows_spark.readable(source))
        checked = clean.typed(rows_spark.read_staged(spark, uris, source), source.mapping, settings.days)
        rows, reasons = count_rows(checked)
        _show(source, checked, rows, reasons)
    refuse_bad_file(source.path, rows, reasons, 1.0)


def _show(source: SourceFile, checked: DataFrame, rows: int, reasons: dict[str, int]) -> None:
    how = "; ".join([f"by the map {source.map_name}" if source.map_name else "by the map given", *source.remarks])
    table([f"{source.path.name}: {rows:,} rows, {sum(reasons.values()):,} of them would be rejected; {how}"], [])
    good = checked.where(F.col("reason").isNull()).orderBy("line").limit(_FIRST).select("line", *_COLUMNS).collect()
    table(["line", *_COLUMNS], [tuple("" if value is None else _shown(value) for value in row) for row in good])
    if reasons:
        table(["reason", "rows"], list(reasons.items()))
        bad = checked.where(F.col("reason").isNotNull()).orderBy("line").limit(_FIRST).select("line", "reason", "raw")
        show(bad.collect())


def _shown(value: object) -> object:
    return value if isinstance(value, int | float) else str(value)
