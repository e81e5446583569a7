"""A file's rows in Python: what a replay sends."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from shoplab.core.schemas import RAW_COLUMNS, SOURCE_COLUMNS
from shoplab.events.mapping import Mapping
from shoplab.events.sources import SourceFile
from shoplab.events.texts import has_exponent, identity, meant, number
from shoplab.events.times import as_iso, later, later_all
from shoplab.events.wire import encode, encode_plain

Row = dict[str, str]


class Record(NamedTuple):
    """time: the event's, as text; "" of what is no row. key, value: of the Kafka record."""

    time: str
    key: bytes
    value: bytes


RECORDS = pa.schema([("time", pa.string()), ("key", pa.binary()), ("value", pa.binary())])


@dataclass(frozen=True)
class Round:
    """One pass over a file. In a later one than the first, number 0, its events are of `days` later, and its visits
    are others: a visit that goes on a month later would be one of a month.
    """

    number: int = 0
    days: int = 0


FIRST = Round()


def sent_records(source: SourceFile) -> Iterator[Record]:
    """The records of `sent_batches`, one by one."""
    for batch in sent_batches(source):
        yield from map(Record, *columns(batch))


def columns(batch: pa.RecordBatch) -> list[list[Any]]:
    """RECORDS' columns as Python has them."""
    return [batch.column(name).to_pylist() for name in RECORDS.names]


def sent_batches(source: SourceFile, turn: Round = FIRST) -> Iterator[pa.RecordBatch]:
    """RECORDS, one for each row: the lab's column names, event types, times and decimal points; all else as it stands
    in the file, for `events.clean` to say what it means; "" where missing. quantity only where there is one. What is no
    row has its text as `raw`, and what is wrong as `fault`.
    """
    mapping, words = source.mapping, source.mapping.words
    is_iso = mapping.time_formats == ["iso"]
    for batch in source.rows():
        plain = batch.column("plain") if is_iso else pa.repeat(False, batch.num_rows)
        others = [_record(row) for row in _rows(batch.filter(pc.invert(plain)), mapping, words, turn)]
        if len(others) == batch.num_rows:
            yield _batch(others)
            continue
        records = _plain(batch, words, turn)
        yield _with(records, pc.invert(plain), _batch(others)) if others else records


def _batch(records: list[Record]) -> pa.RecordBatch:
    return pa.record_batch([[record[place] for record in records] for place in range(len(RECORDS))], schema=RECORDS)


def _with(records: pa.RecordBatch, places: pa.Array, others: pa.RecordBatch) -> pa.RecordBatch:
    """Puts others, in their order, at the places that are true."""
    both = [(records.column(name), others.column(name)) for name in RECORDS.names]
    return pa.record_batch([pc.replace_with_mask(ours, places, theirs) for ours, theirs in both], schema=RECORDS)


def _plain(batch: pa.RecordBatch, words: dict[str, str], turn: Round) -> pa.RecordBatch:
    """Many at a time, as if no rule for values changed any; of the others what comes is none."""
    rows = {name: pc.fill_null(batch.column(name), "") for name in SOURCE_COLUMNS}
    kinds = rows["event_type"].dictionary_encode()
    ours = [_type(word, words) for word in kinds.dictionary.to_pylist()]
    rows["event_type"] = pa.array(ours, pa.string()).take(kinds.indices)
    if turn.number:
        rows["event_time"] = later_all(rows["event_time"], turn.days)
        visits = rows["user_session"]
        rows["user_session"] = pc.if_else(
            pc.equal(visits, ""), "", pc.binary_join_element_wise(visits, str(turn.number), "-")
        )
    times, keys, values = rows["event_time"], rows["user_id"].cast(pa.binary()), encode_plain(rows).cast(pa.binary())
    return pa.record_batch([times, keys, values], schema=RECORDS)


def _rows(batch: pa.RecordBatch, mapping: Mapping, words: dict[str, str], turn: Round = FIRST) -> Iterator[Row]:
    for theirs in batch.to_pylist():
        if theirs["fault"]:
            yield {"user_id": "", "raw": theirs["raw"], "fault": theirs["fault"]}
            continue
        row = {column: theirs[column] or "" for column in SOURCE_COLUMNS}
        row["event_type"] = _type(row["event_type"], words)
        row["event_time"] = as_iso(meant(row["event_time"]), mapping.time_formats)
        if turn.number:
            row |= _moved(row, turn)
        row |= {name: number(row[name], mapping.decimal) for name in ("price", "quantity")}
        yield row if row["quantity"] else {column: row[column] for column in RAW_COLUMNS}


def _moved(row: Row, turn: Round) -> Row:
    """Time and visit of a row in a later round."""
    visit = identity(row["user_session"])
    is_good = visit and not has_exponent(visit)  # what is rejected in the first round is so in each
    return {
        "event_time": later(row["event_time"], turn.days),
        "user_session": f"{visit}-{turn.number}" if is_good else row["user_session"],
    }


def _record(row: Row) -> Record:
    return Record(row.get("event_time", ""), *encode(row))


def _type(word: str, words: dict[str, str]) -> str:
    return words.get(meant(word).lower(), word)
