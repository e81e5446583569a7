"""What users and visitors did last, followed from the topic: bounded in bytes, the longest silent forgotten first."""

import struct
from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from shoplab.core.vocabulary import NAMES

MOST = 50  # events kept of each; the ranking looks at the last 20
MOST_PRODUCTS = 2_000_000  # a number takes some 170 bytes
BUDGET = 64 << 20  # bytes, of users; half as much of sessions
_EVENT = struct.Struct("<IIIB")
_TYPE = np.dtype([("time", "<u4"), ("product", "<u4"), ("session", "<u4"), ("kind", "u1")])
_OVERHEAD = 170  # bytes of a key, its value and their place in the dict
KINDS = {name: number for number, name in enumerate(NAMES)}


class Recent:
    """By key (a user or a session) the last MOST events, in the order of their times. One thread writes, others read:
    a value is replaced whole.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget, self._bytes = budget, 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def held(self) -> int:
        """Bytes."""
        return self._bytes

    def add(self, key: str, time: int, product: int, session: int, kind: int) -> bool:
        """False for an event that is here already."""
        with self._lock:
            return self._add(key, time, product, session, kind)

    def _add(self, key: str, time: int, product: int, session: int, kind: int) -> bool:
        event: bytes = _EVENT.pack(time, product, session, kind)
        before = self._kept.get(key)
        if before is None:
            self._kept[key] = event
            self._bytes += len(key) + len(event) + _OVERHEAD
            self._shrink()
            return True
        if event in before and event in _each(before):
            return False
        after = before + event
        if time < _time_of(before[-_EVENT.size :]):
            after = b"".join(sorted(_each(after), key=lambda one: _time_of(bytes(one))))
        after = after[-MOST * _EVENT.size :]
        self._bytes += len(after) - len(before)
        self._kept[key] = after
        self._kept.move_to_end(key)
        self._shrink()
        return True

    def of(self, key: str) -> NDArray[np.void]:
        """Fields time, product, session, kind; oldest first; empty for who is not known."""
        return np.frombuffer(self._kept.get(key, b""), _TYPE)

    def raw(self, key: str) -> bytes:
        """The same before it is looked into: equal where nothing has changed."""
        return self._kept.get(key, b"")

    def newest(self, count: int) -> list[str]:
        """The keys that came last, the latest first."""
        with self._lock:
            return list(islice(reversed(self._kept), count))

    def _shrink(self) -> None:
        while self._bytes > self._budget:
            key, value = self._kept.popitem(last=False)
            self._bytes -= len(key) + len(value) + _OVERHEAD


def _time_of(event: bytes) -> int:
    return int.from_bytes(event[:4], "little")


def _each(events: bytes) -> Iterator[bytes]:
    return (events[at : at + _EVENT.size] for at in range(0, len(events), _EVENT.size))


class Tokens:
    """Numbers for products as they come. Beyond `most` different ones others share the number 0, of no product: who
    sends ids without end shall not fill the memory.
    """

    def __init__(self, most: int = MOST_PRODUCTS) -> None:
        self._most = most
        self._numbers: dict[str, int] = {}
        self.names: list[str] = [""]

    def number(self, product: str) -> int:
        found = self._numbers.get(product)
        if found is None:
            found = len(self.names)
            if found > self._most:
                return 0
            self.names.append(product)  # before its number is told
            self._numbers[product] = found
        return found
