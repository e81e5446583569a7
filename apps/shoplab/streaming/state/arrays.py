"""Arrays as a file's bytes: a line of JSON, then the arrays, each from a multiple of 8 bytes on."""

from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
_ALIGNED = 8  # bytes


class Content(NamedTuple):
    """about: what JSON can say besides the arrays."""

    arrays: Arrays
    about: dict[str, Any]


def to_bytes(arrays: Arrays, about: dict[str, Any]) -> bytes:
    """arrays: of one dimension."""
    kinds = [[name, array.dtype.str, len(array)] for name, array in arrays.items()]
    head = orjson.dumps({"about": about, "arrays": kinds})
    parts: list[bytes | memoryview] = [_filled(head, b" ", len(b"\n")), b"\n"]
    for array in arrays.values():
        parts += [np.ascontiguousarray(array).data.cast("B") if len(array) else b"", bytes(-array.nbytes % _ALIGNED)]
    return b"".join(parts)


def from_bytes(data: bytes) -> Content:
    """Arrays that can't be written, without a copy: they keep the data."""
    end = data.index(b"\n") + 1
    head = orjson.loads(data[:end])
    arrays: Arrays = {}
    for name, kind, count in head["arrays"]:
        arrays[name] = np.frombuffer(data, kind, count, end)
        end += arrays[name].nbytes + -arrays[name].nbytes % _ALIGNED
    return Content(arrays, head["about"])


def _filled(text: bytes, fill: bytes, further: int) -> bytes:
    """With as much behind it as aligns what comes after the further bytes."""
    return text + fill * (-(len(text) + further) % _ALIGNED)
