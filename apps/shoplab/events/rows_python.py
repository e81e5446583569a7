"""A file's rows in Python: what a replay sends."""

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from shoplab.core.schemas import RAW_COLUMNS, SOURCE_COLUMNS
from shoplab.events.mapping import Mapping
from shoplab.events.sources import SourceFile
from shoplab.events.texts import meant, number
from shoplab.events.times import as_iso
from shoplab.events.wire import encode, encode_plain

Row = dict[str, str]


class Record(NamedTuple):
    """time: the event's, as text; "" of what is no row. key, value: of the Kafka record."""

    time: str
    key: bytes
    value: bytes


def read_records(source: SourceFile) -> Iterator[Record]:
    """The records of `read_rows`; rows that no rule changes are made many at a time."""
    for batch in source.rows():
        others = iter(_others(batch, source.mapping))
        for record in _plain(batch, source.mapping):
            yield next(others) if record is None else record


def _plain(batch: pa.RecordBatch, mapping: Mapping) -> Iterator[Record | None]:
    """None for a row that takes the careful way."""
    if mapping.time_formats != ["iso"]:
        yield from [None] * batch.num_rows
        return
    rows = {name: pc.fill_null(batch.column(name), "") for name in SOURCE_COLUMNS}
    kinds = rows["event_type"].dictionary_encode()
    ours = [_type(word, mapping) for word in kinds.dictionary.to_pylist()]
    rows["event_type"] = pa.array(ours, pa.string()).take(kinds.indices)
    values = encode_plain(rows).cast(pa.binary()).to_pylist()
    keys = rows["user_id"].cast(pa.binary()).to_pylist()
    columns = (batch.column("plain").to_pylist(), rows["event_time"].to_pylist(), keys, values)
    for plain, time, key, value in zip(*columns, strict=True):
        yield Record(time, key, value) if plain else None


def _others(batch: pa.RecordBatch, mapping: Mapping) -> Iterator[Record]:
    if mapping.time_formats == ["iso"]:
        batch = batch.filter(pc.invert(batch.column("plain")))
    for row in _rows(batch, mapping):
        yield Record(row.get("event_time", ""), *encode(row))


def read_rows(source: SourceFile) -> Iterator[Row]:
    """Rows with the lab's column names, event types, times and decimal points; all else as it stands in the file, for
    `events.clean` to say what it means; "" where missing. quantity only where there is one. What is no row has its
    text as `raw`, and what is wrong as `fault`.
    """
    for batch in source.rows():
        yield from _rows(batch, source.mapping)


def _rows(batch: pa.RecordBatch, mapping: Mapping) -> Iterator[Row]:
    for theirs in batch.to_pylist():
        if theirs["fault"]:
            yield {"user_id": "", "raw": theirs["raw"], "fault": theirs["fault"]}
            continue
        row = {column: theirs[column] or "" for column in SOURCE_COLUMNS}
        row["event_type"] = _type(row["event_type"], mapping)
        row["event_time"] = as_iso(meant(row["event_time"]), mapping.time_formats)
        row |= {name: number(row[name], mapping.decimal) for name in ("price", "quantity")}
        yield row if row["quantity"] else {column: row[column] for column in RAW_COLUMNS}


def _type(word: str, mapping: Mapping) -> str:
    return mapping.words.get(meant(word).lower(), word)
