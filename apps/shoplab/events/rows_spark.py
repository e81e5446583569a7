"""Rows of files, staged as Parquet, in Spark."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplab.core.ahead import ahead
from shoplab.events.bad_rows import refuse_bad_file
from shoplab.events.rows import ROWS
from shoplab.events.sources import SourceFile

STAGED = 1_000_000  # rows of a staged file: what one task reads
_KINDS = {"line": "bigint", "plain": "boolean"}
_SCHEMA = ", ".join(f"{field.name} {_KINDS.get(field.name, 'string')}" for field in ROWS)


def staged(source: SourceFile, folder: Path) -> Iterator[tuple[Path, int]]:
    """Writes a file's rows as Parquet of some STAGED rows each, one after the other, under names of our own; with
    each, how many rows it has.
    """
    writer, path, held, number = None, folder, 0, 0
    for batch in ahead(source.rows()):
        if writer is None:
            path = folder / f"rows-{number:05}.parquet"
            writer = pq.ParquetWriter(
                path, ROWS, compression="snappy", use_dictionary=["event_type", "category_code", "brand"]
            )
        writer.write_table(pa.Table.from_batches([batch]))
        held += batch.num_rows
        if held >= STAGED:
            writer.close()
            yield path, held
            writer, held, number = None, 0, number + 1
    if writer is not None:
        writer.close()
        yield path, held


@contextmanager
def readable(source: SourceFile) -> Iterator[list[str]]:
    """What Spark is to read: the file's rows, staged on this machine for as long. LabError where it has none."""
    with tempfile.TemporaryDirectory(prefix="shoplab-rows-") as folder:
        uris = [path.as_uri() for path, _ in staged(source, Path(folder))]
        if not uris:
            refuse_bad_file(source.path, 0, {})
        yield uris


def read_staged(spark: SparkSession, uris: Sequence[str], source: SourceFile) -> DataFrame:
    """`rows.ROWS`, as text; `raw` of a file that has none is the row as JSON, by the file's names."""
    rows = spark.read.schema(_SCHEMA).parquet(*uris)
    named = {origin.column: ours for ours, origin in source.mapping.origins(source.parts[0].names).items()}
    values = [F.col(ours).alias(theirs) for theirs, ours in named.items() if theirs is not None]
    return rows.withColumn("raw", F.coalesce("raw", F.to_json(F.struct(*values))))
