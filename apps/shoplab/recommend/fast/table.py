"""A case's candidates and their features: what `Finder.find` gives for many cases."""

from typing import Any

import numpy as np

from shoplab.recommend.compiled import compiled
from shoplab.recommend.fast import lists
from shoplab.recommend.fast.flat import ALS, CONTENT, NAMES, POPULAR, RECENT, SEGMENT
from shoplab.recommend.fast.lists import cosine
from shoplab.recommend.sources.als_kernels import dot
from shoplab.recommend.topn import in_order, offer

_SOURCES = len(NAMES)
_NEVER = np.float32(99)
MOST = _SOURCES * lists.MOST  # candidates


@compiled
def union(room: Any, gone: Any, items: Any) -> Any:
    """Distinct products of all lists but those gone, ascending; room.row tells their rows. Returns how many."""
    number = 0
    for at in range(len(gone)):
        room.row[gone[at]] = -2
    for source in range(_SOURCES):
        for at in range(room.sizes[source]):
            item = room.items[source, at]
            if room.row[item] == -1:
                room.row[item] = 0
                number = offer(room.ties, items, number, MOST, np.float32(0), -item)
    in_order(room.ties, items, number)  # all score 0: by their number
    for at in range(number):
        items[at] = -items[at]
        room.row[items[at]] = at
    return number


@compiled
def forget(room: Any, gone: Any, items: Any, number: Any) -> None:
    """Makes room.row what it was."""
    for at in range(len(gone)):
        room.row[gone[at]] = -1
    for at in range(number):
        room.row[items[at]] = -1


@compiled
def write_lists(flat: Any, room: Any, table: Any) -> None:
    for source in range(_SOURCES):
        first = flat.columns[source]
        if first < 0:
            continue
        for at in range(room.sizes[source]):
            row = room.row[room.items[source, at]]
            if row >= 0:
                score = np.float64(room.scores[source, at])
                table[row, first] = score / np.float64(room.scores[source, 0])
                table[row, first + 1] = 1 / (1 + at)
                table[row, first + 2] = score


@compiled
def write_met(flat: Any, room: Any, events: Any, kinds: Any, table: Any, number: Any) -> None:
    """`Recent.describe`."""
    first = flat.columns[_SOURCES + RECENT]
    if first < 0:
        return
    for row in range(number):
        table[row, first] = _NEVER
    for event in range(len(events)):
        row = room.row[events[event]]
        if row >= 0:
            table[row, first] = len(events) - 1 - event
            table[row, first + 1] += 1
            table[row, first + 2] = max(table[row, first + 2], np.float32(kinds[event] + 1))


@compiled
def write_own(
    flat: Any, room: Any, vector: Any, segment: Any, events: Any, table: Any, items: Any, number: Any
) -> None:
    """The other sources' features, and the case's."""
    als, content, taste, popular = (flat.columns[_SOURCES + ALS], flat.columns[_SOURCES + CONTENT],
                                    flat.columns[_SOURCES + SEGMENT], flat.columns[_SOURCES + POPULAR])  # fmt: skip
    shop, newest = flat.rules[2], events[-1] if len(events) else -1
    for row in range(number):
        item = items[row]
        if als >= 0 and len(vector):
            table[row, als] = dot(vector, flat.vectors.items[flat.vectors.place[item]])
        if content >= 0:
            table[row, content] = cosine(flat, room, item)
            if newest >= 0:
                table[row, content + 1] = flat.items.category[item] == flat.items.category[newest]
                table[row, content + 2] = flat.items.shelf[item] == flat.items.shelf[newest]
                apart = flat.items.log_price[item] - flat.items.log_price[newest]
                table[row, content + 3] = np.float32(0) if np.isnan(apart) else apart
        if taste >= 0:
            table[row, taste] = flat.taste[segment, item] - flat.taste[shop, item]
        if popular >= 0:
            table[row, popular] = flat.items.popularity[item]
        table[row, flat.columns[2 * _SOURCES]] = len(events)
        table[row, flat.columns[2 * _SOURCES + 1]] = flat.items.popularity[newest] if newest >= 0 else np.float32(0)
