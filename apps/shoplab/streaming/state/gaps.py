"""Sessions for events that have none, also over the edge of two batches: events.clean.fill_sessions, from memory."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from shoplab.events.clean import SESSION_GAP_S
from shoplab.streaming.state.events import MICROS, micros
from shoplab.streaming.state.generations import Generations
from shoplab.streaming.state.keyed import Columns, Keys
from shoplab.streaming.state.sessions import FAR, starts_of

COLUMNS: Columns = {"last": ("i8", -FAR), "start": ("i8", 0)}
_WRITTEN = "%Y%m%dT%H%M%S"


def fill(gaps: Generations, rows: pa.Table) -> tuple[pa.Array, Keys]:
    """The sessions of rows that have none, and their hashes. An event that comes late belongs to the session that its
    user is in.
    """
    users, times = rows["user_key"].to_numpy(), micros(rows["event_time"])
    starts = _starts(gaps, users, times)
    seconds = pa.array(starts // MICROS, pa.int64()).cast(pa.timestamp("s"))
    texts = pc.binary_join_element_wise(rows["user_id"].combine_chunks(), pc.strftime(seconds, _WRITTEN), "-")
    keys = map(session_key, users.tolist(), texts.cast(pa.binary()).to_pylist())
    return texts, np.fromiter(keys, np.int64, len(users))


def session_key(user_key: int, session: bytes) -> int:
    """As Spark's xxhash64(user_id, user_session): the second goes on from the first."""
    digest = xxhash.xxh64_intdigest(session, seed=user_key & (1 << 64) - 1)
    return digest - (1 << 64) if digest >> 63 else digest


def _starts(gaps: Generations, users: Keys, times: NDArray[np.int64]) -> NDArray[np.int64]:
    """When the session of each event began, in microseconds."""
    order = np.lexsort((times, users))
    time, firsts = times[order], starts_of(users[order])
    places, _ = gaps.place(users[order][firsts])
    last, start = gaps.newest["last"], gaps.newest["start"]
    before = np.concatenate([time[:1], time[:-1]])
    before[firsts] = last[places]
    begins = time - before > SESSION_GAP_S * MICROS
    known = np.where(begins, time, 0)
    known[firsts] = np.where(begins[firsts], time[firsts], start[places])
    marks = begins.copy()
    marks[firsts] = True
    filled = known[np.maximum.accumulate(np.where(marks, np.arange(len(time)), 0))]
    lasts = np.append(firsts[1:], len(time)) - 1
    last[places] = np.maximum(last[places], time[lasts])
    start[places] = filled[lasts]
    made = np.empty_like(filled)
    made[order] = filled
    return made
