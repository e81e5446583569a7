"""Keyed rows of which the ones not met for long are forgotten, a generation at a time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from shoplab.streaming.state.keyed import Columns, Keyed, Keys, Places


class Generations:
    """The newest rows, between (most - 1) * size and most * size of them. A row that is met again moves into the newest
    generation; nothing is copied when the oldest goes.
    """

    def __init__(self, columns: Columns, size: int, most: int = 4) -> None:
        self._columns, self._size, self._most = columns, size, most
        self._tables: dict[int, Keyed] = {0: Keyed(columns)}

    def __len__(self) -> int:
        """Rows held; one that moved counts twice."""
        return sum(map(len, self._tables.values()))

    @property
    def newest(self) -> Keyed:
        return self._tables[max(self._tables)]

    def turn(self) -> None:
        """To be called between micro-batches: begins a new generation where the newest is full."""
        if len(self.newest) >= self._size:
            self.newest.settle()
            self._tables[max(self._tables) + 1] = Keyed(self._columns)
            while len(self._tables) > self._most:
                del self._tables[min(self._tables)]

    def known(self, keys: Keys) -> NDArray[np.bool_]:
        """Which keys have a row."""
        found = np.zeros(len(keys), np.bool_)
        for table in self._tables.values():
            found |= table.find(keys) >= 0
        return found

    def place(self, keys: Keys) -> tuple[Places, NDArray[np.bool_]]:
        """Rows in `newest` of keys that differ from each other, and which had none before."""
        places, new = self.newest.place(keys)
        for number in sorted(self._tables, reverse=True)[1:]:
            waiting = np.flatnonzero(new)
            older = self._tables[number].find(keys[waiting])
            there = waiting[older >= 0]
            moved = self._tables[number].rows(older[older >= 0])
            for name, values in moved.columns.items():
                self.newest[name][places[there]] = values
            new[there] = False
        return places, new

    def reindex(self) -> None:
        """After all rows were restored."""
        for table in self._tables.values():
            if table is self.newest:
                table.reindex()
            else:
                table.settle()

    def tables(self) -> Iterator[tuple[str, Keyed]]:
        """Name and rows of each generation."""
        return ((str(number), table) for number, table in self._tables.items())

    def table(self, name: str) -> Keyed:
        """For rows that are restored."""
        return self._tables.setdefault(int(name), Keyed(self._columns))
