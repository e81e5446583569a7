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


def sent_records(source: SourceFile) -> Iterator[Record]:
    """A record for each row: the lab's column names, event types, times and decimal points; all else as it stands in
    the file, for `events.clean` to say what it means; "" where missing. quantity only where there is one. What is no
    row has its text as `raw`, and what is wrong as `fault`.
    """
    mapping, words = source.mapping, source.mapping.words
    is_iso = mapping.time_formats == ["iso"]
    for batch in source.rows():
        if not is_iso:
            yield from map(_record, _rows(batch, mapping, words))
            continue
        others = map(_record, _rows(batch.filter(pc.invert(batch.column("plain"))), mapping, words))
        for plain, record in zip(batch.column("plain").to_pylist(), _plain(batch, words), strict=True):
            yield record if plain else next(others)


def _plain(batch: pa.RecordBatch, words: dict[str, str]) -> Iterator[Record]:
    """Many at a time, as if no rule for values changed any; of the others what comes is none."""
    rows = {name: pc.fill_null(batch.column(name), "") for name in SOURCE_COLUMNS}
    kinds = rows["event_type"].dictionary_encode()
    ours = [_type(word, words) for word in kinds.dictionary.to_pylist()]
    rows["event_type"] = pa.array(ours, pa.string()).take(kinds.indices)
    keys, values = rows["user_id"].cast(pa.binary()), encode_plain(rows).cast(pa.binary())
    return map(Record, rows["event_time"].to_pylist(), keys.to_pylist(), values.to_pylist())


def _rows(batch: pa.RecordBatch, mapping: Mapping, words: dict[str, str]) -> Iterator[Row]:
    for theirs in batch.to_pylist():
        if theirs["fault"]:
            yield {"user_id": "", "raw": theirs["raw"], "fault": theirs["fault"]}
            continue
        row = {column: theirs[column] or "" for column in SOURCE_COLUMNS}
        row["event_type"] = _type(row["event_type"], words)
        row["event_time"] = as_iso(meant(row["event_time"]), mapping.time_formats)
        row |= {name: number(row[name], mapping.decimal) for name in ("price", "quantity")}
        yield row if row["quantity"] else {column: row[column] for column in RAW_COLUMNS}


def _record(row: Row) -> Record:
    return Record(row.get("event_time", ""), *encode(row))


def _type(word: str, words: dict[str, str]) -> str:
    return words.get(meant(word).lower(), word)
