"""Rows found by 64-bit keys, in columns that grow."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoplab.recommend.compiled import compiled

Keys = NDArray[np.int64]
Places = NDArray[np.int64]
Columns = Mapping[str, tuple[str, Any]]  # name -> type as numpy writes it, value of a new row

_FIRST_ROWS = 1 << 10
_GROWTH = 1.5
_MOST_FULL = 0.6  # of the slots: beyond, linear probing takes long ways


class Change(NamedTuple):
    """Rows as they are now. places: which, of what `Keyed` holds."""

    places: Places
    keys: Keys
    columns: dict[str, NDArray[Any]]

    def where(self, chosen: NDArray[np.bool_]) -> "Change":
        columns = {name: values[chosen] for name, values in self.columns.items()}
        return Change(self.places[chosen], self.keys[chosen], columns)


class Keyed:
    """A hash table with open addressing and linear probing (Knuth 6.4, algorithm L), many keys at a time. Keys have to
    be hashes already. Rows stay where they are, in the order of their coming; none is ever taken away.
    """

    def __init__(self, columns: Columns, rows: int = 0) -> None:
        """rows: as many as `restore` will bring, if it will."""
        self._fresh = dict(columns)
        room = max(_FIRST_ROWS, int(rows * _GROWTH))
        self._keys = np.empty(room, np.int64)  # not written: room for rows to come takes no memory
        self._columns = {name: np.empty(room, kind) for name, (kind, _) in columns.items()}
        self._slots = np.full(_slots_for(_FIRST_ROWS), -1, np.int32)
        self._size = rows
        self._touched: list[Places] = []

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A column. To be read and changed at the places that `find` and `place` give."""
        return self._columns[name]

    @property
    def names(self) -> list[str]:
        """Of the columns."""
        return list(self._columns)

    def keys(self) -> Keys:
        """Of all rows."""
        return self._keys[: self._size]

    def find(self, keys: Keys) -> Places:
        """Where each key's row is, -1 where there is none."""
        found = np.empty(len(keys), np.int64)
        _find(self._slots, self._keys, keys, found)
        return found

    def place(self, keys: Keys) -> tuple[Places, NDArray[np.bool_]]:
        """The same of keys that differ from each other, where a key without a row gets one; and which did. The rows
        count as changed.
        """
        places = self.find(keys)
        new = places < 0
        places[new] = self.append(keys[new])
        self.touch(places[~new])
        return places, new

    def append(self, keys: Keys) -> Places:
        """New rows for keys that have none and differ from each other."""
        first, self._size = self._size, self._size + len(keys)
        self._make_room(first)
        self._keys[first : self._size] = keys
        for name, (_, fresh) in self._fresh.items():
            self._columns[name][first : self._size] = fresh
        places = np.arange(first, self._size)
        _enter(self._slots, keys, places)
        self.touch(places)
        return places

    def touch(self, places: Places) -> None:
        """Says that these rows are changed."""
        if len(places):
            self._touched.append(places)

    def touched(self) -> NDArray[np.bool_]:
        """Of each row, whether it was changed since `changes` was asked last."""
        changed = np.zeros(self._size, np.bool_)
        for places in self._touched:
            changed[places] = True
        return changed

    def changes(self) -> Change:
        """Those rows, once."""
        changed = self.rows(np.flatnonzero(self.touched()))
        self._touched = []
        return changed

    def rows(self, places: Places) -> Change:
        return Change(places, self._keys[places], {name: column[places] for name, column in self._columns.items()})

    def restore(self, change: Change) -> None:
        """Puts rows where they were. Whoever has restored all of them calls `reindex`."""
        self._keys[change.places] = change.keys
        for name, values in change.columns.items():
            self._columns[name][change.places] = values

    def reindex(self) -> None:
        self._index(self._size, self._size)

    def _index(self, held: int, rows: float) -> None:
        """Of the rows that are held, with room for as many as `rows`."""
        self._slots = np.full(_slots_for(rows), -1, np.int32)
        _enter(self._slots, self._keys[:held], np.arange(held))

    def _make_room(self, held: int) -> None:
        """For as many rows as there are now; of these `held` were there before."""
        if self._size > len(self._keys):
            room = max(self._size, int(len(self._keys) * _GROWTH))
            self._keys = _longer(self._keys[:held], room)
            for name, column in self._columns.items():
                self._columns[name] = _longer(column[:held], room)
        if self._size > _MOST_FULL * len(self._slots):
            self._index(held, self._size * _GROWTH)


@compiled
def _find(slots: NDArray[np.int32], held: Keys, keys: Keys, found: Places) -> None:
    mask = len(slots) - 1
    for number in range(len(keys)):
        slot = keys[number] & mask
        there = slots[slot]
        while there >= 0 and held[there] != keys[number]:
            slot = (slot + 1) & mask
            there = slots[slot]
        found[number] = there


@compiled
def _enter(slots: NDArray[np.int32], keys: Keys, places: Places) -> None:
    mask = len(slots) - 1
    for number in range(len(keys)):
        slot = keys[number] & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = places[number]


def mixed(keys: Keys, *others: "Keys | int") -> Keys:
    """One key of several (the finalizer of splitmix64: Steele, Lea and Flood 2014)."""
    made = keys.view(np.uint64).copy()
    for other in others:
        more = np.asarray(other, np.int64).view(np.uint64)
        made += np.uint64(0x9E3779B97F4A7C15) + (more << np.uint64(1))
        made ^= more
        made = (made ^ (made >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        made = (made ^ (made >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        made ^= made >> np.uint64(31)
    return made.view(np.int64)


def _longer(column: NDArray[Any], rows: int) -> NDArray[Any]:
    longer = np.empty(rows, column.dtype)
    longer[: len(column)] = column
    return longer


def _slots_for(rows: float) -> int:
    """A power of two that has room for them."""
    return 1 << max(11, int(np.ceil(np.log2(max(rows, 1) / _MOST_FULL))))
