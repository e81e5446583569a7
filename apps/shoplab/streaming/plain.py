"""Records as replay writes them -> rows, column by column: what `records.stream_rows` makes of them, by fewer steps.
Nearly all records of nearly all batches; the others go the other way.
"""

import datetime as dt
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shoplab.core.schemas import EVENT, RAW_COLUMNS
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.events.regular import GOOD_RECORD, PLACES
from shoplab.events.texts import NOTHING
from shoplab.streaming.hashes import xxhash64

_TIME = pa.timestamp("us", "UTC")
_TEXTS = ("product_id", "category_id", "category_code", "brand", "user_id", "user_session")
_NOTHING = pa.array(NOTHING)
SCHEMA = pa.schema([
    ("partition", pa.int32()), ("offset", pa.int64()), ("arrived", _TIME), ("raw", pa.string()),
    ("reason", pa.string()), *[(field.name, field.type) for field in arrow_schema(EVENT)],
    *[(name, pa.int64()) for name in ("key", "user_key", "session_key", "product_key")],
])  # fmt: skip


def read_plain(records: pa.Table, days: tuple[str, str]) -> tuple[pa.Table, NDArray[np.bool_]]:
    """Rows of SCHEMA of the records that are good beyond doubt, and which these are. records: Kafka's partition,
    offset, timestamp and value; days: see `records.read_records`.
    """
    is_read = pc.fill_null(pc.match_substring_regex(records["value"], GOOD_RECORD), False).to_numpy().copy()
    some = records.filter(pa.array(is_read)).combine_chunks()
    events = _events(pc.split_pattern(some["value"].combine_chunks(), '"'))
    within = pc.and_(_within(events["date"], some["timestamp"].combine_chunks(), days), _meant(events))
    is_read[is_read] = within.to_numpy(zero_copy_only=False)
    columns = {name: column.filter(within) for name, column in events.items()}
    places = [some[name].combine_chunks().filter(within) for name in ("partition", "offset", "timestamp")]
    nothing = pa.nulls(len(places[0]), pa.string())
    rows = [*places, nothing, nothing, *(columns[name] for name in EVENT.names), *_hashes(columns)]
    return pa.table([row.cast(field.type) for row, field in zip(rows, SCHEMA, strict=True)], SCHEMA), is_read


def _events(parts: pa.ListArray) -> dict[str, pa.Array]:
    """EVENT's columns, from the records split at their quotes. event_time and date: null for a 30th of February."""
    texts = {name: pc.list_element(parts, PLACES[name]).cast(pa.string()) for name in RAW_COLUMNS}
    events = {name: pc.if_else(pc.equal(text, ""), None, text) for name, text in texts.items()}
    events["event_time"] = _times(texts["event_time"])
    events["date"] = events["event_time"].cast(pa.date32())
    events["price"] = events["price"].cast(pa.float64())
    events["quantity"] = _quantities(parts)
    return events


def _times(texts: pa.StringArray) -> pa.TimestampArray:
    texts = pc.utf8_slice_codeunits(texts, 0, 19)
    try:
        return pc.cast(texts, pa.timestamp("s")).cast(_TIME)
    except pa.ArrowInvalid:
        late = pc.match_substring_regex(texts, "^.{8}(29|3[01])")
        return pc.cast(pc.if_else(late, None, texts), pa.timestamp("s")).cast(_TIME)


def _quantities(parts: pa.ListArray) -> pa.Array:
    """Null for the records that end before it."""
    has_one = pc.greater(pc.list_value_length(parts), PLACES["quantity"])
    texts = pc.list_element(parts.filter(has_one), PLACES["quantity"]).cast(pa.string())
    known = pc.if_else(pc.equal(texts, ""), None, texts).cast(pa.int64())
    return pc.replace_with_mask(pa.nulls(len(parts), pa.int64()), has_one, known)


def _meant(events: dict[str, pa.Array]) -> pa.BooleanArray:
    """Whether no text is a word for nothing, such as NULL."""
    said = [pc.is_in(pc.ascii_lower(events[name]), _NOTHING) for name in _TEXTS]
    return pc.invert(reduce(pc.or_, said))


def _within(dates: pa.Date32Array, arrived: pa.Array, days: tuple[str, str]) -> pa.BooleanArray:
    first, last = (dt.date.fromisoformat(day) if day else None for day in days)
    latest = pc.add(arrived.cast(_TIME), pa.scalar(dt.timedelta(1))).cast(pa.date32()) if last is None else last
    return pc.fill_null(pc.and_(pc.greater_equal(dates, first), pc.less_equal(dates, latest)), False)


def _hashes(events: dict[str, pa.Array]) -> list[pa.Array]:
    """As `records.hashed` has them."""
    columns = [events[name] for name in EVENT.names if name != "date"]
    null = np.zeros(len(columns[0]), np.int32)
    for bit, column in enumerate(columns):
        if column.null_count:
            null |= pc.is_null(column).to_numpy(zero_copy_only=False).astype(np.int32) << bit
    user, session, product = events["user_id"], events["user_session"], events["product_id"]
    of_session = pc.if_else(pc.is_valid(session), xxhash64([user, session]), None)
    return [xxhash64([*columns, pa.array(null)]), xxhash64([user]), of_session, xxhash64([product])]
