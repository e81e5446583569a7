"""What shoppers did, as flat arrays in the driver's memory: the input of every source that learns from visits."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import UNKNOWN, Ints
from shoplab.recommend.data.feedback import CURRENT, Feedback
from shoplab.recommend.data.products import Products


@dataclass(frozen=True)
class Log:
    """Visits (sessions or invoices) ordered by their last event, oldest first.

    Visit v holds the events starts[v]:starts[v + 1], oldest first: items (rows of the products, UNKNOWN for one that
    they lack), kinds (of the feedback), times (unix seconds). users: row in user_ids per visit, UNKNOWN for none.
    visit_ids: the visit's id in its source, per visit.
    """

    products: Products
    feedback: Feedback
    user_ids: tuple[str, ...]
    visit_ids: tuple[str, ...]
    users: Ints
    starts: Ints
    items: NDArray[np.int32]
    kinds: NDArray[np.int8]
    times: NDArray[np.float64]

    def __len__(self) -> int:
        """Visits."""
        return len(self.starts) - 1

    @cached_property
    def visit_of(self) -> Ints:
        """Per event its visit."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    @cached_property
    def ends(self) -> NDArray[np.float64]:
        """Per visit the time of its last event."""
        return self.times[self.starts[1:] - 1] if len(self) else np.empty(0)

    @property
    def now(self) -> float:
        """Time of the newest event, 0 where there is none."""
        return float(self.times.max(initial=0.0))

    def visits(self, first: int, last: int) -> "Log":
        """The visits first:last."""
        span = slice(self.starts[first], self.starts[last])
        return Log(
            self.products, self.feedback, self.user_ids, self.visit_ids[first:last], self.users[first:last],
            self.starts[first : last + 1] - self.starts[first], self.items[span], self.kinds[span], self.times[span],
        )  # fmt: skip

    @cached_property
    def incidence(self) -> csr_matrix:
        """1 where a visit met a product, shape (visits, products)."""
        known = self.items >= 0
        where = (self.visit_of[known], self.items[known])
        met = csr_matrix((np.ones(len(where[0]), np.float32), where), shape=(len(self), len(self.products)))
        met.sum_duplicates()
        met.data[:] = 1
        return met


def build_log(
    products: Products,
    user_ids: Sequence[str | None],
    visit_ids: Sequence[str],
    items: Sequence[str],
    kinds: NDArray[np.int8],
    times: NDArray[np.float64],
    feedback: Feedback = CURRENT,
) -> Log:
    """From one entry per event: user (None: unknown), visit, product, kind of the feedback, unix seconds; in any order.

    Events of one visit and time stay in the order given. Products that are not among `products` become UNKNOWN.
    """
    visits, visit_names = _coded(visit_ids)
    users, known_users = _coded(user_ids)
    last = np.full(len(visit_names), -np.inf)
    np.maximum.at(last, visits, times)
    rank = np.empty(len(visit_names), dtype=np.int64)
    by_end = np.lexsort((np.arange(len(visit_names)), last))
    rank[by_end] = np.arange(len(visit_names))
    order = np.lexsort((np.arange(len(visits)), times, rank[visits]))
    places = rank[visits][order]
    starts = np.searchsorted(places, np.arange(len(visit_names) + 1))
    rows, found = _coded(items)
    of_found = np.array([products.index.get(item, UNKNOWN) for item in found], dtype=np.int32)
    return Log(
        products, feedback, tuple(known_users), tuple(visit_names[place] for place in by_end),
        users[order][starts[:-1]], starts, of_found[rows][order] if len(found) else
        np.empty(0, np.int32), kinds[order], times[order],
    )  # fmt: skip


def _coded(values: Any) -> tuple[Ints, list[str]]:
    """Per value its place among the distinct ones, in the order of their first appearance; and those."""
    import pandas as pd

    known = values if isinstance(values, pd.Categorical) else np.asarray(values, dtype=object)
    codes, distinct = pd.factorize(known)
    return codes.astype(np.int64), list(distinct)
