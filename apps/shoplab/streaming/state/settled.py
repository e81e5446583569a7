"""Rows that no more come to and that change no more: by their keys' order, in as few bytes as they take."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoplab.streaming.state.events import MICROS
from shoplab.streaming.state.keyed import Change, Keyed, Keys, Places

Arrays = dict[str, NDArray[Any]]
_KEYS = "keys"
_NARROW = 1 << 32  # of larger numbers nothing is gained


class Packing(NamedTuple):
    """How numbers are kept: each is low + step * what is stored, of that kind."""

    kind: str
    low: int = 0
    step: int = 1


class Settled:
    """Found by binary search, so that no index is kept, nor made after a restart."""

    def __init__(self, arrays: Arrays, packings: Mapping[str, Packing]) -> None:
        """Both as the properties of the same name give them."""
        self._keys: Keys = arrays[_KEYS]
        self._columns = {name: arrays[f"={name}"] for name in packings}
        self.packings = dict(packings)

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

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays.values())

    def find(self, keys: Keys) -> Places:
        """Where each key's row is, -1 where there is none. Keys in their order are found faster."""
        places = np.minimum(np.searchsorted(self._keys, keys), max(0, len(self) - 1))
        return np.where(self._keys[places] == keys, places, -1) if len(self) else np.full(len(keys), -1)

    def rows(self, places: Places) -> Change:
        columns = {name: self._unpacked(name, places) for name in self._columns}
        return Change(places, self._keys[places], columns)

    def _unpacked(self, name: str, places: Places) -> NDArray[Any]:
        kind, low, step = self.packings[name]
        values = self._columns[name][places].astype(kind)
        return values if step == 1 and not low else values * np.array(step, kind) + np.array(low, kind)


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
