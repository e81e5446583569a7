"""Sessions as far as they have come."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shoplab.core.schemas import SESSION
from shoplab.core.vocabulary import COUNTS, NAMES
from shoplab.streaming.state.events import MICROS, Events, month_of
from shoplab.streaming.state.generations import Generations
from shoplab.streaming.state.keyed import Columns, Keys, mixed
from shoplab.streaming.state.tables import table_of, times
from shoplab.streaming.state.words import NONE, Words

FAR = 1 << 62  # later than any event
COUNTED = {counts: NAMES.index(name) for name, counts in COUNTS.items()}
COLUMNS: Columns = {
    "start": ("i8", FAR), "end": ("i8", -FAR), "events": ("i4", 0), **dict.fromkeys(COUNTED, ("i4", 0)),
    "products": ("i4", 0), "revenue": ("f8", 0.0), "entry": ("i4", NONE), "exit": ("i4", NONE),
}  # fmt: skip
PAIRS: Columns = {"count": ("i4", 0)}

Row = dict[str, NDArray[Any]]


class Moved(NamedTuple):
    """Sessions that a batch touched, each once. before: as they were, of a new one a fresh row's values. some: for each
    the place of one of its events in the batch.
    """

    user: Keys
    new: NDArray[np.bool_]
    before: Row
    after: Row
    some: NDArray[np.int64]


def take(sessions: Generations, pairs: Generations, events: Events) -> Moved:
    """Adds a batch's events, each of which is new, to their sessions."""
    order = np.lexsort((events.time, events.session))
    ordered = events.where(order)
    firsts = starts_of(ordered.session)
    places, new = sessions.place(ordered.session[firsts])
    table = sessions.newest
    before = {name: table[name][places] for name in COLUMNS}
    after = _added(before, ordered, firsts)
    after["products"] = before["products"] + _new_products(pairs, ordered, firsts)
    for name, values in after.items():
        table[name][places] = values
    return Moved(ordered.user[firsts], new, before, after, order[firsts])


def starts_of(ordered: NDArray[Any]) -> NDArray[np.int64]:
    """Where each run of equal values begins."""
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])


def _added(before: Row, ordered: Events, firsts: NDArray[np.int64]) -> Row:
    lasts = np.append(firsts[1:], len(ordered.time)) - 1
    begins, ends = ordered.time[firsts], ordered.time[lasts]
    return {
        "start": np.minimum(before["start"], begins),
        "end": np.maximum(before["end"], ends),
        "events": before["events"] + (lasts - firsts + 1),
        **{name: before[name] + np.add.reduceat(ordered.kind == kind, firsts) for name, kind in COUNTED.items()},
        "revenue": before["revenue"] + np.add.reduceat(ordered.paid, firsts),
        "entry": np.where(begins < before["start"], ordered.category[firsts], before["entry"]),
        "exit": np.where(ends >= before["end"], ordered.category[lasts], before["exit"]),
    }


def _new_products(pairs: Generations, ordered: Events, firsts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each session, products that it had not met."""
    group = np.repeat(np.arange(len(firsts)), np.diff(np.append(firsts, len(ordered.time))))
    keys, some = np.unique(mixed(ordered.session, ordered.product), return_index=True)
    _, new = pairs.place(keys)
    return np.bincount(group[some[new]], minlength=len(firsts))


def session_rows(sessions: Row, user_ids: pa.Array, session_ids: pa.Array, categories: Words) -> pa.Table:
    """SESSION rows."""
    return table_of(SESSION, {
        **{name: pa.array(sessions[name]) for name in ("events", *COUNTS.values(), "products", "revenue")},
        "user_session": session_ids,
        "user_id": user_ids,
        "session_start": times(sessions["start"]),
        "session_end": times(sessions["end"]),
        "duration_s": pa.array((sessions["end"] - sessions["start"]) // MICROS),
        "entry_category": categories.texts(sessions["entry"]),
        "exit_category": categories.texts(sessions["exit"]),
        "month": pa.array(month_of(sessions["start"]).astype("M8[M]").astype(str)),
    })  # fmt: skip
