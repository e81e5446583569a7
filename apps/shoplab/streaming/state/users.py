"""Users by month as far as they have come."""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shoplab.core.schemas import USER, USER_RATES
from shoplab.core.vocabulary import CART, COUNTS, PURCHASE
from shoplab.streaming.state.events import MICROS, Events, month_name, month_of
from shoplab.streaming.state.generations import Generations
from shoplab.streaming.state.keyed import Columns, Keyed, Keys, Places, mixed
from shoplab.streaming.state.sessions import COUNTED, FAR, Moved, Row, starts_of
from shoplab.streaming.state.settled import Settled
from shoplab.streaming.state.tables import mean, ratio, table_of, times
from shoplab.streaming.state.words import NONE, Words

_CARTS, _PURCHASES = str(CART.counts), str(PURCHASE.counts)
_PURCHASE = COUNTED[_PURCHASES]
_SUMS = ("events", *COUNTS.values(), "revenue")  # of sessions
COLUMNS: Columns = {
    "sessions": ("i4", 0), "events": ("i4", 0), **dict.fromkeys(COUNTED, ("i4", 0)), "orders": ("i4", 0),
    "cart_sessions": ("i4", 0), "abandoned": ("i4", 0), "revenue": ("f8", 0.0), "duration": ("i8", 0),
    "longest": ("i4", 0), "first_start": ("i8", FAR), "last_start": ("i8", -FAR),
    "first_seen": ("i8", FAR), "last_seen": ("i8", -FAR), "last_purchase": ("i8", -FAR), "days": ("u4", 0),
    "prices": ("i4", 0), "price_sum": ("f8", 0.0), "levels": ("i4", 0), "level_sum": ("f8", 0.0),
    "products": ("i4", 0), "categories": ("i4", 0), "brands": ("i4", 0),
    "top_category": ("i4", NONE), "top_category_events": ("i4", 0), "top_brand": ("i4", NONE),
    "top_brand_events": ("i4", 0),
}  # fmt: skip
_VALUES = {"product": "products", "category": "categories", "brand": "brands"}
_TABLES_KEPT = 2  # months: the newest and the one before


class Users:
    """One table a month. since: the first month that is known from its beginning on; users of earlier months are left
    to `./lab analyse`.
    """

    def __init__(self, since: int | None = None) -> None:
        self.since = since
        self.months: dict[int, Keyed] = {}

    def turn(self) -> None:
        """To be called between micro-batches: forgets months that are long over."""
        while len(self.months) > _TABLES_KEPT:
            del self.months[min(self.months)]
            self.since = min(self.months)

    def take(self, pairs: Generations, words: dict[str, Words], events: Events, moved: Moved) -> None:
        """Adds a batch's events and what its sessions have become. words: of category and brand."""
        if self.since is None and len(events.month):
            self.since = int(events.month.min())
        self._take_sessions(moved)
        for month in self._known(events.month):
            theirs = events.where(events.month == month)
            table, places = self._touch(month, theirs.user)
            _take_events(table, places, theirs)
            _take_values(table, pairs, places, theirs, words)

    def tables(self) -> Iterator[tuple[str, Keyed]]:
        return ((month_name(month), table) for month, table in self.months.items())

    def settled(self) -> Iterator[tuple[str, Settled]]:
        """None: what came late may be of any month that is known."""
        return iter(())

    def restore(self, rows: Mapping[str, int], settled: Mapping[str, Settled]) -> None:
        """Makes room for the rows that are restored next, by month."""
        months = {name: int(np.datetime64(name, "M").astype(np.int64)) for name in rows}
        self.months = {months[name]: Keyed(COLUMNS, count) for name, count in rows.items()}

    def _known(self, months: NDArray[np.int64]) -> list[int]:
        return [int(month) for month in np.unique(months) if self.since is None or month >= self.since]

    def _touch(self, month: int, users: Keys) -> tuple[Keyed, Places]:
        """A month's table, and where in it the row of each of these users is; one may be there several times."""
        table = self.months.setdefault(month, Keyed(COLUMNS))
        keys, inverse = np.unique(users, return_inverse=True)
        return table, table.place(keys)[0][inverse]

    def _take_sessions(self, moved: Moved) -> None:
        """A session counts for the month in which it began, which an event that comes late may change."""
        self._add(moved.user[~moved.new], {name: values[~moved.new] for name, values in moved.before.items()}, -1)
        self._add(moved.user, moved.after, 1)

    def _add(self, users: Keys, sessions: Row, sign: int) -> None:
        began = month_of(sessions["start"])
        for month in self._known(began):
            here = began == month
            theirs = {name: values[here] for name, values in sessions.items()}
            table, places = self._touch(month, users[here])
            for name, values in _summed(theirs).items():
                np.add.at(table[name], places, sign * values)
            np.maximum.at(table["longest"], places, theirs["events"])
            np.minimum.at(table["first_start"], places, theirs["start"])
            np.maximum.at(table["last_start"], places, theirs["start"])


def _summed(sessions: Row) -> Row:
    """What sessions add up to: behaviour.users.added_up."""
    carted, bought = sessions[_CARTS] > 0, sessions[_PURCHASES] > 0
    return {
        "sessions": np.ones(len(carted), np.int32),
        **{name: sessions[name] for name in _SUMS},
        "orders": bought.astype(np.int32),
        "cart_sessions": carted.astype(np.int32),
        "abandoned": (carted & ~bought).astype(np.int32),
        "duration": (sessions["end"] - sessions["start"]) // MICROS,
    }


def _take_events(table: Keyed, places: Places, events: Events) -> None:
    np.minimum.at(table["first_seen"], places, events.time)
    np.maximum.at(table["last_seen"], places, events.time)
    np.bitwise_or.at(table["days"], places, np.uint32(1) << events.day.astype(np.uint32))
    bought = events.kind == _PURCHASE
    np.maximum.at(table["last_purchase"], places[bought], events.time[bought])
    for count, total, values in (("prices", "price_sum", events.price), ("levels", "level_sum", events.level)):
        known = ~np.isnan(values)
        np.add.at(table[count], places[known], 1)
        np.add.at(table[total], places[known], values[known])


def _take_values(table: Keyed, pairs: Generations, places: Places, events: Events, words: dict[str, Words]) -> None:
    """Counts a user's different products, categories and brands of a month, and finds the one most met."""
    for number, (name, column) in enumerate(_VALUES.items()):
        values = getattr(events, name)
        known = np.flatnonzero(values != NONE) if name in words else np.arange(len(values))
        met = mixed(events.user[known], events.month[known] * len(_VALUES) + number, values[known])
        keys, some, counts = np.unique(met, return_index=True, return_counts=True)
        found, new = pairs.place(keys)
        pairs.newest["count"][found] += counts.astype(np.int32)
        theirs = places[known[some]]
        np.add.at(table[column], theirs[new], 1)
        if name in words:
            _take_top(table, name, theirs, values[known[some]], pairs.newest["count"][found], words[name].ranks())


def _take_top(
    table: Keyed, name: str, places: Places, values: NDArray[np.int32], counts: NDArray[np.int32],
    ranks: NDArray[np.int64],
) -> None:  # fmt: skip
    """The value most met; of several the first in the alphabet, as Spark's mode has it."""
    order = np.lexsort((ranks[values], -counts, places))
    best = order[starts_of(places[order])]
    places, values, counts = places[best], values[best], counts[best]
    top, top_counts = table[f"top_{name}"], table[f"top_{name}_events"]
    was = top[places]
    earlier = (counts == top_counts[places]) & (ranks[values] < ranks[was])
    better = (counts > top_counts[places]) | (was == NONE) | earlier
    top[places[better]], top_counts[places[better]] = values[better], counts[better]


def user_rows(month: str, users: Row, user_ids: pa.Array, words: dict[str, Words]) -> pa.Table:
    """USER rows of one month."""
    names = ("sessions", "events", *COUNTS.values(), "orders", "revenue", "products", "categories", "brands")
    return table_of(USER, {
        **{name: pa.array(users[name]) for name in names},
        "user_id": user_ids,
        "active_days": pa.array(np.bitwise_count(users["days"])),
        "first_seen": times(users["first_seen"]),
        "last_seen": times(users["last_seen"]),
        "last_purchase": times(users["last_purchase"], users["last_purchase"] == -FAR),
        "mean_session_s": pa.array(ratio(users["duration"], users["sessions"])),
        **{rate: pa.array(ratio(users[part], users[whole])) for rate, (part, whole) in USER_RATES.items()},
        "longest_session": pa.array(users["longest"]),
        "mean_gap_h": _mean_gap(users),
        "mean_price": mean(users["price_sum"], users["prices"]),
        "price_level": mean(users["level_sum"], users["levels"]),
        "top_category": words["category"].texts(users["top_category"]),
        "top_brand": words["brand"].texts(users["top_brand"]),
        "month": pa.array([month] * len(user_ids), pa.string()),
    })  # fmt: skip


def _mean_gap(users: Row) -> pa.Array:
    """Between session starts, in hours; null with one session."""
    gaps = users["sessions"] - 1
    return pa.array(ratio((users["last_start"] - users["first_start"]) / MICROS / 3600, gaps), mask=gaps < 1)
