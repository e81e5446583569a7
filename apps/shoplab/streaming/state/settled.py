"""Rows that no more come to and that change no more: by their keys' order, in as few bytes as they take."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoplab.recommend.compiled import compiled
from shoplab.streaming.state.arrays import Arrays
from shoplab.streaming.state.events import MICROS
from shoplab.streaming.state.keyed import Change, Keyed, Keys, Places

_KEYS = "keys"
_ALIKE = 4  # keys of one beginning, or a few more
_NARROW = 1 << 32  # of larger numbers nothing is gained


class Packing(NamedTuple):
    """How numbers are kept: each is low + step * what is stored, of that kind."""

    kind: str
    low: int = 0
    step: int = 1


class Settled:
    """Keys are hashes, so that as many begin with the same bits as with others: where those of each beginning start is
    all the index there is, a byte a row.
    """

    def __init__(self, arrays: Arrays, packings: Mapping[str, Packing]) -> None:
        """Both as the properties of the same name give them."""
        self._keys: Keys = arrays[_KEYS]
        self._columns = {name: arrays[f"={name}"] for name in packings}
        self.packings = dict(packings)
        bits = max(1, (len(self._keys) // _ALIKE).bit_length())
        self._shift, self._half = 64 - bits, 1 << (bits - 1)
        beginnings = np.arange(-self._half, self._half) << self._shift
        self._starts = np.append(np.searchsorted(self._keys, beginnings), len(self._keys)).astype(np.uint32)

    @classmethod
    def of(cls, table: Keyed) -> "Settled":
        order = np.argsort(table.keys())
        arrays, packings = {_KEYS: table.keys()[order]}, {}
        for name in table.names:
            arrays[f"={name}"], packings[name] = _packed(table[name][order])
        return cls(arrays, packings)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def arrays(self) -> Arrays:
        """All that is to be kept over a restart, with `packings`."""
        return {_KEYS: self._keys} | {f"={name}": values for name, values in self._columns.items()}

    def find(self, keys: Keys) -> Places:
        """Where each key's row is, -1 where there is none."""
        found = np.full(len(keys), -1, np.int64)
        _find(self._starts, self._keys, self._shift, self._half, keys, found)
        return found

    def rows(self, places: Places) -> Change:
        columns = {name: self._unpacked(name, places) for name in self._columns}
        return Change(places, self._keys[places], columns)

    def _unpacked(self, name: str, places: Places) -> NDArray[Any]:
        kind, low, step = self.packings[name]
        values = self._columns[name][places].astype(kind)
        return values if step == 1 and not low else values * np.array(step, kind) + np.array(low, kind)


@compiled
def _find(starts: NDArray[np.uint32], held: Keys, shift: int, half: int, keys: Keys, found: Places) -> None:
    for number in range(len(keys)):
        beginning = (keys[number] >> shift) + half
        place, end = np.int64(starts[beginning]), np.int64(starts[beginning + 1])
        while place < end and held[place] < keys[number]:
            place += 1
        if place < end and held[place] == keys[number]:
            found[number] = place


def _packed(values: NDArray[Any]) -> tuple[NDArray[Any], Packing]:
    """Exactly: times are mostly whole seconds, counts mostly small."""
    kind = values.dtype.str
    if values.dtype.kind not in "iu" or not len(values):
        return values, Packing(kind)
    low, high = int(values.min()), int(values.max())
    if high - low >= 1 << 63:
        return values, Packing(kind)
    above = values - np.array(low, kind)
    step = MICROS if high - low >= _NARROW and not (above % MICROS).any() else 1
    if (high - low) // step >= _NARROW:
        return values, Packing(kind)
    return (above // step).astype(np.min_scalar_type((high - low) // step)), Packing(kind, low, step)


def warm() -> None:
    """Compiles what looks keys up, here and in `Keyed`, for an image that is to start quickly."""
    table = Keyed({})
    table.place(np.zeros(1, np.int64))
    Settled.of(table).find(np.zeros(1, np.int64))
