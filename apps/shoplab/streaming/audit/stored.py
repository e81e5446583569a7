"""What lies on HDFS, read again: events by file, which of them are there twice, and whose they are."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from shoplab.core.catalog import Catalog, holding
from shoplab.core.schemas import EVENT
from shoplab.core.schemas.arrow import arrow_schema

Hashes = NDArray[np.uint64]
_COLUMNS = [name for name in EVENT.names if name != "date"]
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@dataclass
class Stored:
    """Of some days. doubles: day -> events that are there more than once, each counted once less. users: month ->
    hashes of its users.
    """

    doubles: dict[str, int] = field(default_factory=dict)
    users: dict[str, Hashes] = field(default_factory=dict)


@holding
def stored(catalog: Catalog, days: Iterable[str]) -> Stored:
    """Reads all events of these days, a file at a time: of an event it keeps eight bytes while at its day."""
    found = Stored()
    for day in sorted(days):
        tables = (read_events(catalog, path) for path in catalog.files("events", f"date={day}"))
        parts = [(_event_hashes(table), np.unique(_hashes(table["user_id"]))) for table in tables]
        if not parts:
            continue
        events = np.concatenate([events for events, _ in parts])
        if doubles := len(events) - len(np.unique(events)):
            found.doubles[day] = doubles
        known = [found.users[month]] if (month := day[:7]) in found.users else []
        found.users[month] = np.unique(np.concatenate([*known, *(users for _, users in parts)]))
    return found


def _event_hashes(table: pa.Table) -> Hashes:
    total = np.zeros(len(table), np.uint64)
    for name in _COLUMNS:
        total = (total ^ _hashes(table[name])) * _FACTOR
    return total


def _hashes(column: pa.ChunkedArray) -> Hashes:
    """Of few distinct values, as columns of events have."""
    if pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.timestamp("us"), safe=False).cast(pa.int64())
    elif not pa.types.is_string(column.type):
        column = column.cast(pa.float64())  # whole numbers among which one is missing are read as such
    coded = column.combine_chunks().dictionary_encode("encode")
    values = pd.util.hash_array(coded.dictionary.to_numpy(zero_copy_only=False), categorize=False)
    found: Hashes = np.asarray(values, np.uint64)[coded.indices.to_numpy()]
    return found


def read_events(catalog: Catalog, path: str) -> pa.Table:
    """Of one file: EVENT's columns but for the date; null where older code had none."""
    table = pq.read_table(io.BytesIO(catalog.storage.read(path)))
    for name in [name for name in _COLUMNS if name not in table.column_names]:
        table = table.append_column(name, pa.nulls(len(table), arrow_schema(EVENT).field(name).type))
    return table.select(_COLUMNS)
