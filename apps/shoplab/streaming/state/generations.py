"""Keyed rows of which the ones not met for long are forgotten, a generation at a time."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from shoplab.streaming.state.keyed import Columns, Keyed, Keys, Places
from shoplab.streaming.state.settled import Settled


class Generations:
    """The newest rows, between (most - 1) * size and most * size of them. A row that is met again moves into the newest
    generation; nothing is copied when the oldest goes.
    """

    def __init__(self, columns: Columns, size: int, most: int = 4) -> None:
        self._columns, self._size, self._most = columns, size, most
        self._newest, self._number = Keyed(columns), 0
        self._older: dict[int, Settled] = {}

    def __len__(self) -> int:
        """Rows held; one that moved counts twice."""
        return len(self._newest) + sum(map(len, self._older.values()))

    @property
    def newest(self) -> Keyed:
        return self._newest

    def turn(self) -> None:
        """To be called between micro-batches: begins a new generation where the newest is full."""
        if len(self._newest) >= self._size:
            self._older[self._number] = Settled.of(self._newest)
            self._newest, self._number = Keyed(self._columns), self._number + 1
            while len(self._older) >= self._most:
                del self._older[min(self._older)]

    def known(self, keys: Keys) -> NDArray[np.bool_]:
        """Which keys have a row."""
        found = self._newest.find(keys) >= 0
        for table in self._older.values():
            found |= table.find(keys) >= 0
        return found

    def place(self, keys: Keys) -> tuple[Places, NDArray[np.bool_]]:
        """Rows in `newest` of keys that differ from each other, and which had none before."""
        places, new = self._newest.place(keys)
        for number in sorted(self._older, reverse=True):
            waiting = np.flatnonzero(new)
            older = self._older[number].find(keys[waiting])
            there = waiting[older >= 0]
            moved = self._older[number].rows(older[older >= 0])
            for name, values in moved.columns.items():
                self._newest[name][places[there]] = values
            new[there] = False
        return places, new

    def tables(self) -> Iterator[tuple[str, Keyed]]:
        """Name and rows of the generation that changes."""
        yield str(self._number), self._newest

    def settled(self) -> Iterator[tuple[str, Settled]]:
        """Those of the others, which do not."""
        return ((str(number), table) for number, table in self._older.items())

    def restore(self, rows: Mapping[str, int], settled: Mapping[str, Settled]) -> None:
        """Takes the settled tables, and makes room in the others, whose rows are restored next. Both by name."""
        self._older = {int(number): table for number, table in settled.items()}
        [(number, count)] = rows.items()
        self._newest, self._number = Keyed(self._columns, count), int(number)
