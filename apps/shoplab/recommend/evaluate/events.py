"""Event files in any layout that `./lab ingest` reads, by its own steps, on a Spark session that needs no lab."""

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from shoplab.core.console import Say
from shoplab.events import clean, rows_spark
from shoplab.events.bad_rows import count_rows, in_words, refuse_bad_file
from shoplab.events.mapping import Mapping
from shoplab.events.sources import SourceFile, members


@contextmanager
def readable(source: SourceFile) -> Iterator[list[str]]:
    """What Spark is to read: the file, or a zip's members unpacked for as long."""
    if source.kind != "zip":
        yield [source.path.absolute().as_uri()]
        return
    with tempfile.TemporaryDirectory(prefix="shoplab-evaluate-") as folder, zipfile.ZipFile(source.path) as archive:
        targets = [Path(folder, f"{number:04}.csv") for number, _ in enumerate(members(source.path))]
        for name, target in zip(members(source.path), targets, strict=True):
            with archive.open(name) as packed, target.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
        yield [target.as_uri() for target in targets]


def read_good(spark: SparkSession, source: SourceFile, uris: list[str], mapping: Mapping, note: Say) -> DataFrame:
    """The good events, as ingest takes them. `note` is told of rows left out; LabError where they are too many."""
    checked = clean.typed(rows_spark.read(spark, source, uris, mapping), mapping)
    rows, reasons = count_rows(checked)
    refuse_bad_file(source.path, rows, reasons)
    if reasons:
        note(f"{source.path.name}: {sum(reasons.values()):,} of {rows:,} rows left out: {in_words(reasons)}")
    return clean.good_events(checked)
