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
LATEST = 1 << 31  # seconds since 1970 that a word holds
_KNOWN = -9
KINDS = {name: number for number, name in enumerate(NAMES)}


class Recent:
    """By key (a user or a session) the last MOST events. One thread writes, others read."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._ring = np.empty((max(budget // (8 * (_WORDS + 2)), 1), _WORDS), np.int64)
        self._heads = np.empty(2 * len(self._ring), np.int64)  # by bucket: its newest event, counted from 1; 0: none
        self._ring.fill(0)  # writes: the memory is there from now on
        self._heads.fill(0)
        self._places, self._found = np.empty(MOST, np.int64), np.empty((MOST, 2), np.int64)
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
            words = time << 32 | product, session << 8 | kind
            more = _add(self._ring, self._heads, self._events, self._places, _hashed(key), *words)
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
            count = _find(self._ring, self._heads, self._events, self._places, _hashed(key), self._found)
            return self._found[:count].tobytes() if count else b""

    def newest(self, count: int) -> list[str]:
        """The keys that came last, the latest first; _NEWEST of them are known."""
        with self._lock:
            return list(islice(reversed(self._names), count))


def _hashed(key: str) -> int:
    """63 bits: of two million keys two are the same once in some five million labs."""
    return xxh64_intdigest(key.encode()) >> 1


@compiled
def _last(ring: NDArray[np.int64], heads: NDArray[np.int64], events: int, key: int, places: NDArray[np.int64]) -> int:
    """Fills `places` with where the key's last events lie, the latest first. Returns how many. events: ever added."""
    at, seen, oldest = heads[key % len(heads)], 0, max(events - len(ring), 0)
    for _ in range(_STEPS):
        if at <= oldest or seen == len(places):
            break
        place = (at - 1) % len(ring)
        if ring[place, _KEY] == key:
            places[seen] = place
            seen += 1
        at = ring[place, _BEFORE] >> 1
    return seen


@compiled
def _add(
    ring: NDArray[np.int64], heads: NDArray[np.int64], events: int, places: NDArray[np.int64],
    key: int, first: int, second: int,
) -> int:  # fmt: skip
    """How many keys there are more then, or _KNOWN."""
    seen = _last(ring, heads, events, key, places)
    for place in places[:seen]:
        if ring[place, _FIRST] == first and ring[place, _FIRST + 1] == second:
            return _KNOWN
    more = 1
    if seen:
        ring[places[0], _BEFORE] &= ~1
        more = 0
    own, bucket = ring[events % len(ring)], key % len(heads)
    more -= int(own[_BEFORE] & 1)  # what gives way here was all that was known of its key
    own[_KEY], own[_BEFORE], own[_FIRST], own[_FIRST + 1] = key, heads[bucket] << 1 | 1, first, second
    heads[bucket] = events + 1
    return more


@compiled
def _find(
    ring: NDArray[np.int64], heads: NDArray[np.int64], events: int, places: NDArray[np.int64], key: int,
    found: NDArray[np.int64],
) -> int:  # fmt: skip
    """Fills `found` with the key's last events, in the order of their times. Returns how many."""
    seen = _last(ring, heads, events, key, places)
    for place in range(seen):  # the earliest first: nearly always in order already
        one, before = ring[places[seen - 1 - place], _FIRST:], place
        while before and found[before - 1, 0] >> 32 > one[0] >> 32:
            found[before] = found[before - 1]
            before -= 1
        found[before] = one
    return seen


def warm() -> None:
    """Compiles it, for an image that is to start quickly."""
    recent = Recent(budget=1_000)
    recent.add("", 0, 0, 0, 0)
    recent.of("")


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
