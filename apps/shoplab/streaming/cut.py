"""The values of records that are written alike, taken out by where they stand: one look at each byte."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shoplab.recommend.compiled import compiled
from shoplab.streaming.hashes import bytes_of

_QUOTE = ord('"')
Places = NDArray[np.int32]


def cut(records: pa.BinaryArray, names: Sequence[str]) -> dict[str, pa.StringArray]:
    """Name -> each record's value, null where it is empty. Records are as `events.regular.GOOD_RECORD` has them, with
    these names in this order; the last one may be absent.
    """
    data, places = bytes_of(records)
    befores = np.array([len(f'{{"{name}":"') if name == names[0] else len(f'","{name}":"') for name in names])
    starts, ends = np.zeros((2, len(names), len(records)), np.int32)
    _places(data, places, befores, starts, ends)
    return {name: _texts(data, starts[number], ends[number]) for number, name in enumerate(names)}


def _texts(data: NDArray[np.uint8], starts: Places, ends: Places) -> pa.StringArray:
    sizes = ends - starts
    offsets = np.zeros(len(starts) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    text = np.empty(offsets[-1], np.uint8)
    _copy(data, starts, offsets, text)
    is_there, known = None, np.count_nonzero(sizes)
    if known < len(sizes):
        is_there = pa.array(sizes > 0).buffers()[1]
    buffers = [is_there, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.string(), len(starts), buffers, len(sizes) - known)


@compiled
def _places(data: NDArray[np.uint8], records: Places, befores: NDArray[np.int64], starts: Places, ends: Places) -> None:
    for row in range(len(records) - 1):
        at = np.uint64(records[row])
        for number in range(len(befores)):
            if number == len(befores) - 1 and data[at + np.uint64(1)] != ord(","):
                break
            at += np.uint64(befores[number])
            starts[number, row] = at
            while data[at] != _QUOTE:
                at += np.uint64(1)
            ends[number, row] = at


@compiled
def _copy(data: NDArray[np.uint8], starts: Places, offsets: Places, text: NDArray[np.uint8]) -> None:
    for row in range(len(starts)):
        at, to = np.uint64(starts[row]), np.uint64(offsets[row])
        for place in range(np.uint64(offsets[row + 1]) - to):
            text[to + place] = data[at + place]
