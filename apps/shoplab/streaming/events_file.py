"""A file of the stream's events of a day: of one batch, or of several that were merged. Its name, and what it holds."""

import re
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from shoplab.core.schemas import EVENT
from shoplab.core.schemas.arrow import arrow_schema

_NAME = re.compile(r"stream-(\d+)(?:-(\d+))?\.parquet")
BATCHES = b"shoplab.batches"  # of a merged file: batch and rows, in the order of its rows
_SCHEMA = pa.schema([field.with_nullable(True) for field in arrow_schema(EVENT) if field.name != "date"])
# Times too are as Spark writes them, so that all files of `events` are alike
AS_SPARK: dict[str, Any] = {"compression": "snappy", "use_deprecated_int96_timestamps": True}
_GROUP = 200_000  # rows of a merged file's row group, at least


def events_name(first: int, last: int | None = None) -> str:
    """Names sort as their batches do."""
    return f"stream-{first:010}.parquet" if last is None else f"stream-{first:010}-{last:010}.parquet"


@dataclass(frozen=True)
class EventsFile:
    """first, last: batches whose events of the day are all in it, as far as there are such."""

    name: str
    first: int
    last: int
    is_merged: bool
    bytes: int = 0


def events_file(name: str, length: int = 0) -> EventsFile | None:
    """None for files of others, as ingest's."""
    found = _NAME.fullmatch(name)
    return EventsFile(name, int(found[1]), int(found[2] or found[1]), found[2] is not None, length) if found else None


def rows_by_batch(file: EventsFile, source: pa.NativeFile | BytesIO | Path) -> dict[int, int]:
    """Batch -> its rows in the file, in the order they have there; empty where it can't be read."""
    try:
        said = pq.read_metadata(source)
    except pa.ArrowInvalid:
        return {}
    if not file.is_merged:
        return {file.first: said.num_rows}
    rows = {int(batch): int(number) for batch, number in orjson.loads((said.metadata or {}).get(BATCHES, b"[]"))}
    return rows if sum(rows.values()) == said.num_rows else {}


def merge(sources: Iterable[tuple[EventsFile, Path]], target: Path) -> None:
    """Writes one file of several, in their order: rows and types are the same, columns that an earlier version did not
    write are null. Of rows a few groups are in memory at a time, and of files one is open.
    """
    rows: list[tuple[int, int]] = []
    held: list[pa.Table] = []
    with ExitStack() as stack:
        writer = stack.enter_context(pq.ParquetWriter(target, _SCHEMA, **AS_SPARK))
        for file, path in sources:
            rows += rows_by_batch(file, path).items()
            with pq.ParquetFile(path, coerce_int96_timestamp_unit="us") as reader:
                for number in range(reader.num_row_groups):
                    held.append(_whole(reader.read_row_group(number)))
                    if sum(map(len, held)) >= _GROUP:
                        _write(writer, held)
        _write(writer, held)
        writer.add_key_value_metadata({BATCHES: orjson.dumps(rows)})


def _whole(table: pa.Table) -> pa.Table:
    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in _SCHEMA
    ]
    return pa.table(columns, schema=_SCHEMA)


def _write(writer: pq.ParquetWriter, held: list[pa.Table]) -> None:
    if held:
        table = pa.concat_tables(held)
        writer.write_table(table, row_group_size=max(len(table), 1))
        held.clear()
