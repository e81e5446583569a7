"""Bad rows: how many there are and why, when a file is refused for them, and where they are kept."""

from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog

MOST_BAD = 0.5  # share of bad rows from which a file is refused, unless more is allowed
_NAMED = 3


def count_rows(checked: DataFrame) -> tuple[int, dict[str, int]]:
    """Rows of `clean.typed`, and of them those with each reason, most first."""
    counted = checked.groupBy("reason").count().sort(F.desc("count"), "reason").collect()
    reasons = {row["reason"]: row["count"] for row in counted}
    return sum(reasons.values()), {reason: rows for reason, rows in reasons.items() if reason is not None}


def refuse_bad_file(path: Path, rows: int, reasons: dict[str, int], most: float = MOST_BAD, more: str = "") -> None:
    """LabError where there are no rows, or more than the share `most` of them are bad. more: a further way out."""
    bad = sum(reasons.values())
    if not rows:
        raise LabError(f"{path} has no rows, only a header")
    if bad == rows or bad > most * rows:
        raise LabError(
            f"{path} was not loaded: {bad:,} of {rows:,} rows are bad: {in_words(reasons)}; mend the file,"
            f" {'' if more else 'or '}name its columns with --map{more}"
        )


def in_words(reasons: dict[str, int]) -> str:
    """The most frequent reasons with their numbers."""
    return ", ".join(f"{reason} ({number:,})" for reason, number in list(reasons.items())[:_NAMED])


def write_rejected(catalog: SparkCatalog, file: str, bad: DataFrame) -> None:
    """Keeps bad rows (line, reason, raw) as those of `file`; done again, they take the place of those before."""
    table = bad.select(F.lit(file).alias("file"), F.col("line").cast("long").alias("line"), "reason", "raw")
    catalog.replace("rejected", table.coalesce(1), "file")
