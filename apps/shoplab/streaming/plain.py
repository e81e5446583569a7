"""Records as replay writes them -> rows, column by column: what `records.stream_rows` makes of them, by fewer steps.
Nearly all records of nearly all batches; the others go the other way.
"""

import datetime as dt
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shoplab.core.schemas import EVENT, SOURCE_COLUMNS
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.core.vocabulary import NAMES
from shoplab.events.regular import GOOD_RECORD
from shoplab.events.texts import NOTHING
from shoplab.events.wire import encode
from shoplab.streaming.cut import cut
from shoplab.streaming.hashes import xxhash64
from shoplab.streaming.moments import moments

_TIME = pa.timestamp("us", "UTC")
_TEXTS = ("product_id", "category_id", "category_code", "brand", "user_id", "user_session")
_NOTHING = pa.array(NOTHING)
SCHEMA = pa.schema([
    ("partition", pa.int32()), ("offset", pa.int64()), ("arrived", _TIME), ("raw", pa.string()),
    ("reason", pa.string()), *[(field.name, field.type) for field in arrow_schema(EVENT)],
    *[(name, pa.int64()) for name in ("key", "user_key", "session_key", "product_key")],
])  # fmt: skip
_READ = pa.schema(list(SCHEMA)[:-4])


def read_plain(records: pa.Table, days: tuple[str, str]) -> tuple[pa.Table, NDArray[np.bool_]]:
    """Rows of SCHEMA of the records that are good beyond doubt, and which these are. records: Kafka's partition,
    offset, timestamp and value; days: see `records.read_records`.
    """
    is_read = pc.fill_null(pc.match_substring_regex(records["value"], GOOD_RECORD), False).to_numpy().copy()
    some = _those(records, is_read).combine_chunks()
    events = _events(cut(some["value"].combine_chunks(), SOURCE_COLUMNS))
    within = _within(events["date"], some["timestamp"].combine_chunks(), days) & _meant(events)
    is_read[is_read] = within
    columns = {"partition": some["partition"], "offset": some["offset"], "arrived": some["timestamp"], **events}
    rows = pa.table([_column(columns, field, len(some)) for field in _READ], _READ)
    return _with_hashes(_those(rows, within).combine_chunks()), is_read


def _those(rows: pa.Table, wanted: NDArray[np.bool_]) -> pa.Table:
    return rows if wanted.all() else rows.filter(pa.array(wanted))


def _column(columns: dict[str, pa.Array], field: pa.Field, rows: int) -> pa.Array:
    return columns[field.name].cast(field.type) if field.name in columns else pa.nulls(rows, field.type)


def _events(texts: dict[str, pa.StringArray]) -> dict[str, pa.Array]:
    """EVENT's columns, from their texts. event_time and date: null for a 30th of February."""
    events: dict[str, pa.Array] = dict(texts)
    events["event_time"] = moments(texts["event_time"])
    events["date"] = events["event_time"].cast(pa.date32())
    events["price"] = texts["price"].cast(pa.float64())
    events["quantity"] = texts["quantity"].cast(pa.int64())
    return events


def _meant(events: dict[str, pa.Array]) -> NDArray[np.bool_]:
    """Whether no text is a word for nothing, such as NULL."""
    said = [pc.is_in(pc.ascii_lower(events[name]), _NOTHING) for name in _TEXTS]
    return _flags(pc.invert(reduce(pc.or_, said)))


def _flags(column: pa.BooleanArray) -> NDArray[np.bool_]:
    flags: NDArray[np.bool_] = column.to_numpy(zero_copy_only=False)
    return flags


def _within(dates: pa.Date32Array, arrived: pa.Array, days: tuple[str, str]) -> NDArray[np.bool_]:
    first, last = (dt.date.fromisoformat(day) if day else None for day in days)
    latest = pc.add(arrived.cast(_TIME), pa.scalar(dt.timedelta(1))).cast(pa.date32()) if last is None else last
    return _flags(pc.fill_null(pc.and_(pc.greater_equal(dates, first), pc.less_equal(dates, latest)), False))


def _with_hashes(rows: pa.Table) -> pa.Table:
    """As `records.hashed` has them."""
    columns = [rows[name].combine_chunks() for name in EVENT.names if name != "date"]
    null = np.zeros(len(rows), np.int32)
    for bit, column in enumerate(columns):
        if column.null_count:
            null |= _flags(pc.is_null(column)).astype(np.int32) << bit
    user, session, product = (rows[name].combine_chunks() for name in ("user_id", "user_session", "product_id"))
    of_session = pc.if_else(pc.is_valid(session), xxhash64([user, session]), None)
    hashes = [xxhash64([*columns, pa.array(null)]), xxhash64([user]), of_session, xxhash64([product])]
    return pa.table([*rows.columns, *hashes], SCHEMA)


def warm() -> None:
    """Compiles what reads them, for an image that is to start quickly."""
    event = dict.fromkeys(SOURCE_COLUMNS, "1") | {"event_time": "2019-10-01 00:00:00", "event_type": NAMES[0]}
    record = {"partition": [0], "offset": [0], "timestamp": [dt.datetime.now(dt.UTC)], "value": [encode(event)[1]]}
    read_plain(pa.table(record), ("2019-10-01", "2019-10-01"))
