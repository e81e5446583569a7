"""One micro-batch after the other -> what is new in it, and what its users and sessions have become."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shoplab.core.schemas import EVENT, SESSION, USER, Table
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.streaming.state import gaps, sessions, users
from shoplab.streaming.state.events import as_arrays
from shoplab.streaming.state.generations import Generations
from shoplab.streaming.state.keyed import Change, Keyed, Keys
from shoplab.streaming.state.levels import Levels
from shoplab.streaming.state.settled import Settled
from shoplab.streaming.state.words import Words

EVENTS_KNOWN = 5_000_000  # a generation: an event sent again is found out within 15 to 20 million others
SESSIONS_KNOWN = 1_000_000
PAIRS_KNOWN = 5_000_000

_Any = TypeVar("_Any")


class Taken(NamedTuple):
    """events: EVENT rows that were new. duplicates: rows that were not. filled: new events that had no session.
    sessions, users: SESSION and USER rows of those that the new events touched, as they are now. histories: USER rows
    of the same users for all months that are known.
    """

    events: pa.Table
    duplicates: int
    filled: int
    sessions: pa.Table
    users: pa.Table
    histories: pa.Table


class StreamState:
    """Everything that one micro-batch leaves for the next."""

    def __init__(self) -> None:
        self.seen = Generations({}, EVENTS_KNOWN)
        self.gaps = Generations(gaps.COLUMNS, SESSIONS_KNOWN)
        self.sessions = Generations(sessions.COLUMNS, SESSIONS_KNOWN)
        self.pairs = Generations(sessions.PAIRS, PAIRS_KNOWN)
        self.users = users.Users()
        self.words = {"category": Words(), "brand": Words()}

    def take(self, rows: pa.Table, levels: Levels) -> Taken:
        """rows: good ones, in the topic's order: EVENT's columns and the hashes of streaming.records."""
        for part in self._parts.values():
            part.turn()
        new = self._new(rows["key"].to_numpy())
        events = rows.take(pa.array(new))
        if not len(new):
            return Taken(_of(EVENT), len(rows), 0, _of(SESSION), _of(USER), _of(USER))
        filled, events, keys = self._with_sessions(events)
        known = levels.of(events["product_key"].to_numpy())
        arrays = as_arrays(events, keys, self.words["category"], self.words["brand"], known)
        moved = sessions.take(self.sessions, self.pairs, arrays)
        self.users.take(self.pairs, self.words, arrays, moved)
        some = events.take(pa.array(moved.some))
        return Taken(
            events.select(EVENT.names).cast(arrow_schema(EVENT)),
            len(rows) - len(new),
            filled,
            sessions.session_rows(moved.after, some["user_id"], some["user_session"], self.words["category"]),
            *self._users(events, arrays.user),
        )

    def know(self, keys: Keys) -> None:
        """Further keys of events that were met."""
        self._new(keys)

    def _new(self, keys: Keys) -> NDArray[np.int64]:
        """Places of the rows that were not met before, each once."""
        distinct, first = np.unique(keys, return_index=True)
        unknown = ~self.seen.known(distinct)
        self.seen.newest.append(distinct[unknown])
        return np.sort(first[unknown])

    def _with_sessions(self, events: pa.Table) -> tuple[int, pa.Table, Keys]:
        """How many had none, the events with one each, and the sessions' hashes."""
        keys = pc.fill_null(events["session_key"], 0).to_numpy().copy()
        lacking = pc.is_null(events["user_session"]).to_numpy()
        if lacking.any():
            texts, keys[lacking] = gaps.fill(self.gaps, events.filter(pa.array(lacking)))
            column = events["user_session"].combine_chunks()
            column = pc.replace_with_mask(column, pa.array(lacking), texts)
            events = events.set_column(events.column_names.index("user_session"), "user_session", column)
        return int(lacking.sum()), events, keys

    def _users(self, events: pa.Table, keys: Keys) -> tuple[pa.Table, pa.Table]:
        """USER rows of those whom the events touched, and of the same users for all months that are known."""
        distinct, some = np.unique(keys, return_index=True)
        ids = events["user_id"].combine_chunks().take(pa.array(some))
        touched, all_months = [_of(USER)], [_of(USER)]
        for month, table in self.users.tables():
            places = table.find(distinct)
            here = places >= 0
            rows = users.user_rows(month, table.rows(places[here]).columns, ids.filter(pa.array(here)), self.words)
            all_months.append(rows)
            touched.append(rows.filter(pa.array(table.touched()[places[here]])))
        return pa.concat_tables(touched), pa.concat_tables(all_months)

    def tables(self) -> Iterator[tuple[str, Keyed]]:
        """Name -> rows that may change, to be kept over a restart."""
        return ((f"{name}.{part}", table) for name, whole in self._parts.items() for part, table in whole.tables())

    def settled(self) -> Iterator[tuple[str, Settled]]:
        """The same of those that do not change any more."""
        return ((f"{name}.{part}", table) for name, whole in self._parts.items() for part, table in whole.settled())

    def restore(self, rows: Mapping[str, int], settled: Mapping[str, Settled]) -> dict[str, Keyed]:
        """Before the rows that may change are put into the tables it returns. rows: how many each has; both by name."""
        for name, whole in self._parts.items():
            whole.restore(_of_part(name, rows), _of_part(name, settled))
        return dict(self.tables())

    @property
    def _parts(self) -> "dict[str, Generations | users.Users]":
        return {
            "seen": self.seen, "gaps": self.gaps, "sessions": self.sessions, "pairs": self.pairs, "users": self.users
        }  # fmt: skip

    @property
    def months(self) -> set[str]:
        """Whose users are known."""
        return {month for month, _ in self.users.tables()}

    def changes(self) -> dict[str, Change]:
        """All that the last batch changed."""
        return {name: table.changes() for name, table in self.tables()}


def _of_part(name: str, tables: Mapping[str, _Any]) -> dict[str, _Any]:
    mark = f"{name}."
    return {table.removeprefix(mark): said for table, said in tables.items() if table.startswith(mark)}


def _of(table: Table) -> pa.Table:
    return arrow_schema(table).empty_table()


def shape() -> dict[str, list[list[str]]]:
    """What the rows of a state are made of: one of other code has another, and its rows mean something else."""
    tables = {"gaps": gaps.COLUMNS, "sessions": sessions.COLUMNS, "pairs": sessions.PAIRS, "users": users.COLUMNS}
    columns = {name: [[column, kind] for column, (kind, _) in table.items()] for name, table in tables.items()}
    return {"event": [list(EVENT.names)], **columns}
