"""Decayed co-visits: pairs of a visit's events, also over the edge of micro-batches."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import DAY_S, Bools, Floats, Ints
from shoplab.recommend.model.increment import Increment
from shoplab.recommend.sources.base import trimmed, widened
from shoplab.recommend.sources.covisits import FADE, HALF_LIFE_DAYS, WINDOW

OPEN_S = 1_800.0  # a visit without events for so long is over
MOST_OPEN = 100_000  # events of visits that may go on, the newest
MOST_PAIRS = 2_000_000  # kept; the weightiest, when there are more


class Events(NamedTuple):
    """Grain of each array: one event. visit: a hash. item: row of the products, UNKNOWN for none. firm: of a kind
    stronger than the weakest. time: unix seconds.
    """

    visit: NDArray[np.uint64]
    item: Ints
    firm: Bools
    time: NDArray[np.float64]

    def where(self, chosen: Ints | Bools) -> "Events":
        return Events(self.visit[chosen], self.item[chosen], self.firm[chosen], self.time[chosen])


class Pairs:
    """Sums as `recommend.sources.covisits` has them: each pair weighs FADE for every event between, both ways, and half
    as much every HALF_LIFE_DAYS since `origin`, unix seconds. Kept grown to the origin's weights, so that what is old
    need not be touched when something new comes.
    """

    def __init__(self, origin: float, pairs: csr_matrix, firm: csr_matrix) -> None:
        self._origin, self._size = origin, pairs.shape[0]
        self._sums = {"pairs": pairs, "firm": firm}
        self._open = Events(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, bool), np.empty(0))

    @classmethod
    def resumed(cls, origin: float, increment: Increment) -> "Pairs":
        grown = np.float32(2.0 ** ((increment.until - origin) / DAY_S / HALF_LIFE_DAYS))
        return cls(origin, increment.pairs * grown, increment.firm * grown)

    def add(self, events: Events, products: int) -> None:
        """A batch's, in the order of time; products: how many there are by now."""
        self._size = products
        count = len(self._open.visit)
        both = Events(*(np.concatenate(parts) for parts in zip(self._open, events, strict=True)))
        order = np.lexsort((np.arange(len(both.visit)), both.time, both.visit))
        ordered, is_new = both.where(order), order >= count
        first, then, weight, firm = _pairs(ordered, is_new, self._origin)
        self._sums["pairs"] = self._added("pairs", first, then, weight)
        self._sums["firm"] = self._added("firm", first[firm], then[firm], weight[firm])
        self._open = _may_go_on(ordered)

    def at(self, until: float, name: str, most: int) -> csr_matrix:
        """The `most` weightiest of each product, as they weigh at that time."""
        found = trimmed(self._sized(self._sums[name]), most)
        found.data *= np.float32(2.0 ** (-(until - self._origin) / DAY_S / HALF_LIFE_DAYS))
        return found

    def _added(self, name: str, first: Ints, then: Ints, weight: Floats) -> csr_matrix:
        shape = (self._size, self._size)
        new = csr_matrix((weight, (first, then)), shape=shape)
        return _largest(csr_matrix(self._sized(self._sums[name]) + new + new.T), MOST_PAIRS)

    def _sized(self, matrix: csr_matrix) -> csr_matrix:
        return widened(matrix, self._size, self._size)


def _pairs(events: Events, is_new: Bools, origin: float) -> tuple[Ints, Ints, Floats, Bools]:
    """Items of the earlier and the later event, weight, and whether the later one is firm; of pairs whose later event
    is new.
    """
    parts: list[tuple[Ints, Ints, Floats, Bools]] = []
    for gap in range(1, WINDOW + 1):
        first, then = events.item[:-gap], events.item[gap:]
        pair = (events.visit[:-gap] == events.visit[gap:]) & is_new[gap:] & (first >= 0) & (then >= 0)
        aged = 2.0 ** ((events.time[gap:][pair] - origin) / DAY_S / HALF_LIFE_DAYS)
        weight = (aged * FADE ** (gap - 1)).astype(np.float32)
        parts.append((first[pair], then[pair], weight, events.firm[gap:][pair]))
    first, then, weight, firm = (np.concatenate(column) for column in zip(*parts, strict=True))
    return first, then, weight, firm


def _may_go_on(events: Events) -> Events:
    """The last WINDOW events of every visit that may go on. events: by visit, then time."""
    ends = np.append(events.visit[1:] != events.visit[:-1], True) if len(events.visit) else np.empty(0, bool)
    last = np.flatnonzero(ends)
    of_visit = np.searchsorted(last, np.arange(len(events.visit)))
    left = last[of_visit] - np.arange(len(events.visit))
    now = events.time.max(initial=-np.inf)
    kept = (left < WINDOW) & (events.time[last][of_visit] > now - OPEN_S)
    if kept.sum() > MOST_OPEN:
        oldest = np.sort(events.time[kept])[-MOST_OPEN]
        kept &= events.time >= oldest
    return events.where(kept)


def _largest(matrix: csr_matrix, most: int) -> csr_matrix:
    """Without the lightest, where there are more."""
    if matrix.nnz > most:
        matrix.data[matrix.data <= np.partition(matrix.data, matrix.nnz - most)[matrix.nnz - most]] = 0
        matrix.eliminate_zeros()
    return matrix
