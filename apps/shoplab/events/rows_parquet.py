"""Parquet rows -> rows. Only the columns that are needed are read, so the others may be of any type."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as t

from shoplab.core.errors import LabError
from shoplab.events.mapping import Mapping
from shoplab.events.rows import LONGEST_ROW, ROWS, TOO_LONG, Batches, are_plain, float_text, picked

BATCH = 100_000  # rows
_UUID = pa.uuid()
_FIRST, _LAST = -62_135_596_800, 253_402_300_800  # seconds: the years 1 to 9999


def column_names(what: str, stream: BinaryIO) -> list[str]:
    with _whole(what, "is not a whole Parquet file"):
        return list(pq.read_schema(stream).names)


def first_rows(what: str, stream: BinaryIO, count: int) -> tuple[list[str], list[list[Any]]]:
    """Names, and values of the first rows."""
    with _whole(what, "is damaged"):
        file = _file(stream)
        batch = next(file.iter_batches(count), None)
        return list(file.schema_arrow.names), [list(row.values()) for row in batch.to_pylist()] if batch else []


def _file(stream: BinaryIO) -> pq.ParquetFile:
    """With the times of old in microseconds: in nanoseconds, as they are stored, they end in 2262."""
    return pq.ParquetFile(stream, coerce_int96_timestamp_unit="us")


@contextmanager
def _whole(what: str, words: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError):
        raise LabError(f"{what} {words}; fetch it again") from None


def read_parquet(what: str, stream: BinaryIO, names: list[str], mapping: Mapping) -> Batches:
    """line: the row's number from 1. LabError where a column that is needed holds lists or the like."""
    origins = mapping.origins(names)
    first = 1
    for batch in _batches(what, stream, names, mapping):
        texts = {name: _text(what, name, batch.column(name)) for name in batch.schema.names}
        size = batch.num_rows
        faults = _faults(batch, texts)
        ours = picked(origins, texts.__getitem__, size)
        lines = pa.array(range(first, first + size), pa.int64())
        plain = are_plain(ours, faults, mapping)
        yield pa.record_batch([lines, pa.nulls(size, pa.string()), faults, plain, *ours], schema=ROWS)
        first += size


def count_rows(what: str, stream: BinaryIO, names: list[str], mapping: Mapping) -> int:
    """Reads the columns needed, so that damage shows, and columns that can't be read as text."""
    rows = 0
    for batch in _batches(what, stream, names, mapping):
        for name in batch.schema.names:
            _text(what, name, batch.column(name).slice(0, 0))
        rows += batch.num_rows
    return rows


def _batches(what: str, stream: BinaryIO, names: list[str], mapping: Mapping) -> Batches:
    wanted = sorted({origin.column for origin in mapping.origins(names).values() if origin.column is not None})
    with _whole(what, "is damaged"):
        yield from _file(stream).iter_batches(BATCH, columns=wanted)


def _faults(batch: pa.RecordBatch, texts: dict[str, pa.Array]) -> pa.Array:
    """Why a row can't be one: bytes that are no UTF-8, which its text has no longer, or more than Kafka takes."""
    faults: list[str | None] = [None] * batch.num_rows
    for name, text in texts.items():
        if text.null_count > batch.column(name).null_count:
            for row, value in enumerate(batch.column(name).cast(pa.large_binary()).to_pylist()):
                faults[row] = faults[row] or _strange(value)
    sizes = [pc.fill_null(pc.binary_length(text), 0).to_numpy(zero_copy_only=False) for text in texts.values()]
    for row in np.flatnonzero(np.sum(sizes, axis=0) > LONGEST_ROW // 6).tolist():
        values = [text[row].as_py() for text in texts.values()]
        faults[row] = faults[row] or (TOO_LONG if len(orjson.dumps(values)) > LONGEST_ROW else None)
    return pa.array(faults, pa.string())


def _strange(value: bytes | None) -> str | None:
    try:
        (value or b"").decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8: byte 0x{error.object[error.start]:02x}"
    return None


def _text(what: str, name: str, values: pa.Array) -> pa.Array:
    """Null also where bytes are no text (see `_faults`)."""
    if values.type == _UUID:
        return pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())
    kind = values.type
    if t.is_dictionary(kind):
        return _text(what, name, values.cast(kind.value_type))
    if t.is_timestamp(kind):
        return _time_text(values)
    if t.is_floating(kind):
        each = values.dictionary_encode()
        texts = pa.array([float_text(number) for number in each.dictionary.to_numpy(zero_copy_only=False)], pa.string())
        return pa.DictionaryArray.from_arrays(each.indices, texts).cast(pa.string())
    if t.is_nested(kind):
        raise LabError(f"{what} has {name} as {kind}; one value a row is needed")
    if _is_bytes(kind):
        return _decoded(values)
    try:
        return values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise LabError(f"{what} has {name} as {kind}, which can't be read as text; write it as text") from None


def _is_bytes(kind: pa.DataType) -> bool:
    tests = (t.is_string, t.is_large_string, t.is_string_view, t.is_binary, t.is_large_binary, t.is_binary_view,
             t.is_fixed_size_binary)  # fmt: skip
    return any(test(kind) for test in tests)


def _decoded(values: pa.Array) -> pa.Array:
    try:
        texts = values.cast(pa.large_binary()).cast(pa.large_string()).cast(pa.string())  # the second checks them
    except pa.ArrowInvalid:
        found = values.cast(pa.large_binary()).to_pylist()
        return pa.array([None if value is None or _strange(value) else value.decode() for value in found], pa.string())
    return texts


def _time_text(values: pa.Array) -> pa.Array:
    """In UTC, to the microsecond, as ISO 8601; of times beyond its years the number, which is none."""
    by = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[values.type.unit]
    numbers = values.cast(pa.int64())
    known = pc.and_(pc.greater_equal(numbers, _FIRST * by), pc.less(numbers, _LAST * by)) if by < 10**9 else None
    near = numbers if known is None else pc.if_else(known, numbers, 0)
    moments = near.cast(pa.timestamp(values.type.unit, "UTC")).cast(pa.timestamp("us", "UTC"), safe=False)
    texts = pc.strftime(moments, format="%Y-%m-%d %H:%M:%S")
    return texts if known is None else pc.if_else(known, texts, numbers.cast(pa.string()))
