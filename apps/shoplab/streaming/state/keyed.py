"""Rows found by 64-bit keys, in columns that grow."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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

    def __init__(self, columns: Columns) -> None:
        self._fresh = dict(columns)
        self._keys = np.zeros(_FIRST_ROWS, np.int64)
        self._columns = {name: np.full(_FIRST_ROWS, fresh, kind) for name, (kind, fresh) in columns.items()}
        self._slots = np.full(_slots_for(_FIRST_ROWS * _GROWTH), -1, np.int32)
        self._size = 0
        self._touched: list[Places] = []

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A column. To be read and changed at the places that `find` and `place` give."""
        return self._columns[name]

    def keys(self) -> Keys:
        """Of all rows."""
        return self._keys[: self._size]

    def find(self, keys: Keys) -> Places:
        """Where each key's row is, -1 where there is none."""
        found = np.full(len(keys), -1, np.int64)
        looking = np.arange(len(keys))
        slots = keys & self._mask
        while len(looking):
            there = self._slots[slots]
            taken = there >= 0
            mine = taken & (self._keys[there] == keys[looking])
            found[looking[mine]] = there[mine]
            further = taken & ~mine
            looking, slots = looking[further], (slots[further] + 1) & self._mask
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
        places = np.arange(self._size, self._size + len(keys))
        self._make_room(self._size + len(keys))
        self._keys[places] = keys
        self._size += len(keys)
        self._enter(keys, places)
        self.touch(places)
        return places

    def touch(self, places: Places) -> None:
        """Says that these rows are changed."""
        if len(places):
            self._touched.append(places)

    def touched(self) -> Places:
        """Rows changed since `changes` was asked last."""
        return np.unique(np.concatenate(self._touched)) if self._touched else np.zeros(0, np.int64)

    def changes(self) -> Change:
        """The same rows, once."""
        changed = self.rows(self.touched())
        self._touched = []
        return changed

    def rows(self, places: Places) -> Change:
        return Change(places, self._keys[places], {name: column[places] for name, column in self._columns.items()})

    def restore(self, change: Change) -> None:
        """Puts rows where they were. Whoever has restored all of them calls `reindex`."""
        if len(change.places):
            self._make_room(int(change.places[-1]) + 1, index=False)
            self._size = max(self._size, int(change.places[-1]) + 1)
            self._keys[change.places] = change.keys
            for name, values in change.columns.items():
                self._columns[name][change.places] = values

    def reindex(self) -> None:
        self._index(_slots_for(self._size * _GROWTH))

    def settle(self) -> None:
        """To be called when no more rows will come: gives back the room for them. A table that was restored needs no
        `reindex` then.
        """
        room = max(1, self._size)
        self._keys = self._keys[:room].copy()
        self._columns = {name: column[:room].copy() for name, column in self._columns.items()}
        self._index(_slots_for(self._size))

    def _index(self, slots: int) -> None:
        self._slots = np.full(slots, -1, np.int32)
        self._enter(self._keys[: self._size], np.arange(self._size))

    @property
    def _mask(self) -> int:
        return len(self._slots) - 1

    def _make_room(self, rows: int, index: bool = True) -> None:
        if rows > len(self._keys):
            more = max(rows, int(len(self._keys) * _GROWTH)) - len(self._keys)
            self._keys = np.concatenate([self._keys, np.zeros(more, np.int64)])
            for name, (kind, fresh) in self._fresh.items():
                self._columns[name] = np.concatenate([self._columns[name], np.full(more, fresh, kind)])
        if index and rows > _MOST_FULL * len(self._slots):
            self._index(_slots_for(rows * _GROWTH))

    def _enter(self, keys: Keys, places: Places) -> None:
        """Of keys that meet in a free slot one gets it, and the others go on."""
        slots = keys & self._mask
        while len(places):
            free = self._slots[slots] < 0
            self._slots[slots[free]] = places[free]
            further = self._slots[slots] != places
            places, slots = places[further], (slots[further] + 1) & self._mask


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


def _slots_for(rows: float) -> int:
    """A power of two that has room for them."""
    return 1 << max(11, int(np.ceil(np.log2(max(rows, 1) / _MOST_FULL))))
