"""What users and visitors did last, followed from the topic: a ring of events in memory that is taken once.

An event points to the one before it whose key falls into the same bucket; so the events of a key are found from the
bucket's newest one on, and the oldest events give way to new ones without any list of whom they were of.
"""

from collections import OrderedDict
from itertools import islice
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh64_intdigest

from shoplab.core.vocabulary import NAMES
from shoplab.recommend.compiled import compiled

MOST = 50  # events of each that are looked at; the ranking looks at the last 20
MOST_PRODUCTS = 2_000_000  # a number takes some 170 bytes
BUDGET = 48 << 20  # bytes, of users: of a million events
_NEWEST = 1_000  # keys that are known by name
_STEPS = 5_000  # events that a search looks at: of another key in the same bucket there may be any number
# Of an event in two words: time << 32 | product, session << 8 | kind; in front of them in the ring its key, and the
# event before it in its bucket, above a bit that says whether it is its key's newest
_WORDS, _KEY, _BEFORE, _FIRST = 4, 0, 1, 2
_TYPE = np.dtype({"names": ["time", "product", "session", "kind"], "formats": ["<u4", "<u4", "<u4", "u1"],
                  "offsets": [4, 0, 9, 8], "itemsize": 16})  # fmt: skip
_KNOWN = -9
KINDS = {name: number for number, name in enumerate(NAMES)}


class Recent:
    """By key (a user or a session) the last MOST events. One thread writes, others read."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._ring = np.empty((max(budget // (8 * (_WORDS + 2)), 1), _WORDS), np.int64)
        self._heads = np.empty(2 * len(self._ring), np.int64)  # by bucket: its newest event, counted from 1; 0: none
        self._ring.fill(0)  # writes: the memory is there from now on
        self._heads.fill(0)
        self._found = np.empty((MOST, 2), np.int64)
        self._events, self._keys = 0, 0
        self._names: OrderedDict[str, None] = OrderedDict()  # those that came last, the latest at the end
        self._lock = Lock()

    def __len__(self) -> int:
        """Keys with events in memory."""
        return self._keys

    @property
    def held(self) -> int:
        """Bytes."""
        return int(self._ring.nbytes + self._heads.nbytes)

    def add(self, key: str, time: int, product: int, session: int, kind: int) -> bool:
        """False for an event that is here already."""
        with self._lock:
            more = _add(self._ring, self._heads, self._events, _hashed(key), time << 32 | product, session << 8 | kind)
            if more == _KNOWN:
                return False
            self._events, self._keys = self._events + 1, self._keys + more
            self._names[key] = None
            self._names.move_to_end(key)
            if len(self._names) > _NEWEST:
                self._names.popitem(last=False)
            return True

    def of(self, key: str) -> NDArray[np.void]:
        """Fields time, product, session, kind; in the order of their times; empty for who is not known."""
        return np.frombuffer(self.raw(key), _TYPE)

    def raw(self, key: str) -> bytes:
        """The same before it is looked into: equal where nothing has changed."""
        with self._lock:
            count = _find(self._ring, self._heads, self._events, _hashed(key), self._found)
            return self._found[:count].tobytes() if count else b""

    def newest(self, count: int) -> list[str]:
        """The keys that came last, the latest first; _NEWEST of them are known."""
        with self._lock:
            return list(islice(reversed(self._names), count))


def _hashed(key: str) -> int:
    """63 bits: of two million keys two are the same once in some five million labs."""
    return xxh64_intdigest(key.encode()) >> 1


@compiled
def _add(
    ring: NDArray[np.int64], heads: NDArray[np.int64], events: int, key: int, first: int, second: int
) -> int:  # fmt: skip
    """How many keys there are more then, or _KNOWN. events: that were ever added."""
    bucket, oldest = key % len(heads), max(events - len(ring), 0)
    at, seen, newest = heads[bucket], 0, 0
    for _ in range(_STEPS):
        if at <= oldest or seen == MOST:
            break
        one = ring[(at - 1) % len(ring)]
        if one[_KEY] == key:
            if one[_FIRST] == first and one[_FIRST + 1] == second:
                return _KNOWN
            if not seen:
                newest = at
            seen += 1
        at = one[_BEFORE] >> 1
    more = 1
    if newest:
        ring[(newest - 1) % len(ring), _BEFORE] &= ~1
        more = 0
    own = ring[events % len(ring)]
    more -= int(own[_BEFORE] & 1)  # what gives way here was all that was known of its key
    own[_KEY], own[_BEFORE], own[_FIRST], own[_FIRST + 1] = key, heads[bucket] << 1 | 1, first, second
    heads[bucket] = events + 1
    return more


@compiled
def _find(ring: NDArray[np.int64], heads: NDArray[np.int64], events: int, key: int, found: NDArray[np.int64]) -> int:
    """Fills `found` with the key's last events, in the order of their times. Returns how many."""
    at, seen, oldest = heads[key % len(heads)], 0, max(events - len(ring), 0)
    for _ in range(_STEPS):
        if at <= oldest or seen == len(found):
            break
        one = ring[(at - 1) % len(ring)]
        if one[_KEY] == key:
            found[seen] = one[_FIRST:]
            seen += 1
        at = one[_BEFORE] >> 1
    found[:seen] = found[:seen][::-1].copy()
    for place in range(1, seen):  # nearly always in order already
        first, second, before = found[place, 0], found[place, 1], place
        while before and found[before - 1, 0] >> 32 > first >> 32:
            found[before] = found[before - 1]
            before -= 1
        found[before, 0], found[before, 1] = first, second
    return seen


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
