"""Candidates of every source for a batch of cases, and what the ranking sees of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import UNKNOWN, Bools, Floats, Ints
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.data.products import Products
from shoplab.recommend.ranking.features import OF_CASE, Columns, write_lists
from shoplab.recommend.sources import Pairs, Source
from shoplab.recommend.sources.popularity import Popularity

CHUNK = 2_000  # cases at once: bounds memory at about 2,000 x 200 candidates, 400 MB


@dataclass(frozen=True)
class Candidates:
    """Distinct (owner, item) pairs sorted by owner, then item; features: shape (pairs, columns)."""

    owners: Ints
    items: Ints
    features: Floats
    columns: Columns

    def scaled(self) -> Floats:
        """Per source its score over the case's largest, shape (pairs, sources), in [0, 1]."""
        return self.features[:, self.columns.scaled]

    def with_events(self) -> Bools:
        """Whether a pair's case has any events."""
        return self.features[:, self.columns.feature("events")] > 0

    def new_to(self, histories: Histories) -> "Candidates":
        """Those that their case has not met."""
        return self.take(~histories.hold(self.owners, self.items))

    def take(self, rows: Bools) -> "Candidates":
        return Candidates(self.owners[rows], self.items[rows], self.features[rows], self.columns)


@dataclass(frozen=True)
class Finder:
    """All sources of a model. durable: products that nobody needs twice, not shown again to who bought them."""

    products: Products
    sources: tuple[Source, ...]
    durable: Bools

    @cached_property
    def columns(self) -> Columns:
        return Columns(tuple(type(source) for source in self.sources))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(source.name for source in self.sources)

    def find(self, histories: Histories, without: str | None = None) -> Candidates:
        """`without`: as if there were no such source."""
        lists = {s.name: s.lists(histories) for s in self.sources if s.name != without}
        owners, items, rows = self._union(list(lists.values()), histories)
        features = np.zeros((len(owners), len(self.columns.names)), dtype=np.float32)
        for (name, found), places in zip(lists.items(), rows, strict=True):
            write_lists(features, self.columns, name, found, places)
        self._describe(features[:, self.columns.listed.stop :], Pairs(histories, owners, items, self.products))
        if without is not None:
            features[:, self.columns.of(without)] = 0
        return Candidates(owners, items, features, self.columns)

    def chunks(self, histories: Histories, without: str | None = None) -> Iterator[tuple[Histories, Candidates]]:
        """The cases, a chunk at a time in their order, and their candidates (owners counted within the chunk)."""
        for first in range(0, len(histories), CHUNK):
            part = histories.span(first, min(first + CHUNK, len(histories)))
            yield part, self.find(part, without)

    def _union(self, lists: Sequence[csr_matrix], histories: Histories) -> tuple[Ints, Ints, list[Ints]]:
        """Owners, items; and per list the row of each of its entries, UNKNOWN for one that must not be shown."""
        size = max(1, len(self.products))
        keys = [np.repeat(np.arange(len(histories)), np.diff(m.indptr)) * size + m.indices for m in lists]
        distinct, inverse = np.unique(np.concatenate([np.empty(0, np.int64), *keys]), return_inverse=True)
        bought = histories.bought[0] * size + histories.bought[1]
        gone = np.isin(distinct, bought[self.durable[histories.bought[1]]])
        row = np.where(gone, UNKNOWN, np.cumsum(~gone) - 1)
        left = distinct[~gone]
        places = np.split(row[inverse], np.cumsum([len(k) for k in keys])[:-1])
        return left // size, left % size, places

    def _describe(self, table: Floats, pairs: Pairs) -> None:
        """Fills in every source's own features, and the case's."""
        parts = [source.describe(pairs) for source in self.sources if source.features]
        table[:, : -len(OF_CASE)] = np.concatenate([np.empty((len(pairs.owners), 0)), *parts], axis=1)
        newest = pairs.histories.newest()[pairs.owners]
        table[:, -2] = pairs.histories.lengths()[pairs.owners]
        table[:, -1] = np.where(newest >= 0, self._popularity()[newest], 0)

    def _popularity(self) -> Floats:
        """Per product; zeros where no source says."""
        found = [source.scores for source in self.sources if isinstance(source, Popularity)]
        return found[0] if found else np.zeros(max(1, len(self.products)), dtype=np.float32)


def beyond(owners: Ints, groups: Ints, scores: NDArray[np.float64], most: int) -> Bools:
    """Whether a candidate comes after its case's best `most` of the same group; never one of group UNKNOWN."""
    order = np.lexsort((-scores, groups, owners))
    keys = owners[order] * (groups.max(initial=0) + 2) + groups[order] + 1
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) - np.searchsorted(keys, keys)
    return (place >= most) & (groups >= 0)


def top_lists(
    candidates: Candidates, scores: NDArray[np.float64], cases: int, count: int, last: Bools | None = None
) -> tuple[Ints, Floats]:
    """Items and scores, best first, shape (cases, count); UNKNOWN and 0 where there are fewer. `last`: candidates that
    come behind all others.
    """
    owners = candidates.owners
    starts = np.searchsorted(owners, np.arange(cases + 1))
    sizes = np.diff(starts)
    table = np.full((cases, max(count, sizes.max(initial=0))), np.inf)
    behind = 0 if last is None else last * (1 + scores.max(initial=0) - scores.min(initial=0))
    table[owners, np.arange(len(owners)) - starts[owners]] = behind - scores
    best = np.argsort(table, axis=1, kind="stable")[:, :count]  # of equals the first item first
    rows = np.where(best < sizes[:, None], starts[:-1, None] + best, -1)
    return np.append(candidates.items, UNKNOWN)[rows], np.append(scores, 0).astype(np.float32)[rows]
