"""Candidates of every source for a batch of cases, and what the ranking sees of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.catalogue import Catalogue
from shoplab.recommend.histories import Histories
from shoplab.recommend.log import UNKNOWN, Ints
from shoplab.recommend.sources import SOURCES, Source
from shoplab.recommend.sources.alike import Alike
from shoplab.recommend.sources.base import Floats
from shoplab.recommend.sources.latent import Latent
from shoplab.recommend.sources.popular import Popular, SegmentPopular

CHUNK = 2_000  # cases at once: bounds memory at about 2,000 x 200 candidates, 400 MB
NAMES = tuple(source.name for source in SOURCES)
SCALED, RANK, RAW = 0, 1, 2  # the three columns of every source: score over the case's largest, 1 / place, score
_OWN = 3
# Columns after the sources' own, and the source that each belongs to; None: the case or the product itself.
MORE: dict[str, str | None] = {
    "als score": "als", "content cosine": "content", "popularity score": "popularity",
    "segment's taste": "segment popularity", "events since met": "recent", "times met": "recent",
    "strongest event": "recent", "same category": "content", "same shelf": "content", "price ratio": "content",
    "events": None, "newest product's popularity": None,
}  # fmt: skip
OWNER_OF_COLUMN = (*(name for name in NAMES for _ in range(_OWN)), *MORE.values())
_NEVER = 99.0


@dataclass(frozen=True)
class Candidates:
    """Distinct (owner, item) pairs sorted by owner, then item; seen: shape (pairs, columns), as trees take it."""

    owners: Ints
    items: Ints
    seen: Floats

    def scaled(self) -> Floats:
        """Per source its score over the case's largest, shape (pairs, sources), in [0, 1]."""
        return self.seen[:, SCALED : _OWN * len(NAMES) : _OWN]

    def told(self) -> NDArray[np.bool_]:
        """Whether a pair's case has any events."""
        return self.seen[:, _OWN * len(NAMES) + list(MORE).index("events")] > 0


@dataclass(frozen=True)
class Finder:
    """All sources of a model. durable: products that nobody needs twice, not shown again to who bought them."""

    catalogue: Catalogue
    sources: tuple[Source, ...]
    durable: NDArray[np.bool_]

    def find(self, histories: Histories, without: str | None = None) -> Candidates:
        lists = {s.name: s.lists(histories) for s in self.sources if s.name != without}
        owners, items, places = self._union(list(lists.values()), histories)
        seen = np.zeros((len(owners), len(OWNER_OF_COLUMN)), dtype=np.float32)
        for (name, found), place in zip(lists.items(), places, strict=True):
            _write_lists(seen, NAMES.index(name) * _OWN, found, place)
        self._write_more(seen[:, _OWN * len(NAMES) :], histories, owners, items)
        if without is not None:
            seen[:, [owner == without for owner in OWNER_OF_COLUMN]] = 0
        return Candidates(owners, items, seen)

    def chunks(self, histories: Histories, without: str | None = None) -> Iterator[tuple[int, Candidates]]:
        """First case and candidates (owners counted from it) of each chunk of cases."""
        for first in range(0, len(histories), CHUNK):
            yield first, self.find(histories.span(first, min(first + CHUNK, len(histories))), without)

    def _union(self, lists: Sequence[csr_matrix], histories: Histories) -> tuple[Ints, Ints, list[Ints]]:
        """Owners, items; and per list the row of each of its entries, UNKNOWN for one that must not be shown."""
        size = max(1, len(self.catalogue))
        keys = [np.repeat(np.arange(len(histories)), np.diff(m.indptr)) * size + m.indices for m in lists]
        distinct, inverse = np.unique(np.concatenate([np.empty(0, np.int64), *keys]), return_inverse=True)
        bought = histories.bought[0] * size + histories.bought[1]
        gone = np.isin(distinct, bought[self.durable[histories.bought[1]]])
        row = np.where(gone, UNKNOWN, np.cumsum(~gone) - 1)
        left = distinct[~gone]
        places = np.split(row[inverse], np.cumsum([len(k) for k in keys])[:-1])
        return left // size, left % size, places

    def _write_more(self, seen: Floats, histories: Histories, owners: Ints, items: Ints) -> None:
        latent = cast(Latent, self._source("als"))
        alike = cast(Alike, self._source("content"))
        popular = cast(Popular, self._source("popularity")).scores
        segments = cast(SegmentPopular, self._source("segment popularity"))
        vectors = latent.vectors(histories)
        seen[:, 0] = np.einsum("ij,ij->i", vectors[owners], latent.factors.item_factors[items])
        seen[:, 1] = alike.similarity(histories, owners, items)
        seen[:, 2] = popular[items]
        seen[:, 3] = segments.scores[segments.rows(histories)[owners], items] - popular[items]
        seen[:, 4:7] = _met(histories, owners, items, max(1, len(self.catalogue)))
        newest = histories.newest()[owners]
        told = newest >= 0
        categories, shelves, prices = self.catalogue.category_codes, self.catalogue.shelf_codes, self.catalogue.prices
        seen[:, 7] = told & (categories[items] == categories[newest])
        seen[:, 8] = told & (shelves[items] == shelves[newest])
        seen[:, 9] = np.where(told, np.nan_to_num(prices[items] - prices[newest]), 0)
        seen[:, 10] = histories.lengths()[owners]
        seen[:, 11] = np.where(told, popular[newest], 0)

    def _source(self, name: str) -> Source:
        return self.sources[NAMES.index(name)]


def _write_lists(seen: Floats, column: int, found: csr_matrix, place: Ints) -> None:
    sizes = np.diff(found.indptr)
    largest = np.ones(found.nnz)
    largest[:] = np.repeat(found.data[found.indptr[:-1][sizes > 0]], sizes[sizes > 0])
    rank = np.arange(found.nnz) - np.repeat(found.indptr[:-1], sizes)
    shown = place >= 0
    rows = place[shown]
    seen[rows, column + SCALED] = (found.data / largest)[shown]
    seen[rows, column + RANK] = 1 / (1 + rank[shown])
    seen[rows, column + RAW] = found.data[shown]


def _met(histories: Histories, owners: Ints, items: Ints, size: int) -> NDArray[np.float64]:
    """Per pair: events since its newest one (99: never met), its events, its strongest kind (0 none, 1 view, …)."""
    keys = histories.owners * size + histories.items
    pairs, inverse = np.unique(keys, return_inverse=True)
    table = np.zeros((len(pairs) + 1, 3))
    table[:, 0] = _NEVER
    np.minimum.at(table[:, 0], inverse, histories.ages)
    np.add.at(table[:, 1], inverse, 1)
    np.maximum.at(table[:, 2], inverse, histories.kinds + 1)
    wanted = owners * size + items
    at = np.searchsorted(pairs, wanted)
    found = np.append(pairs, -1)[at] == wanted
    return table[np.where(found, at, len(pairs))]


def beyond(owners: Ints, groups: Ints, scores: NDArray[np.float64], most: int) -> NDArray[np.bool_]:
    """Whether a candidate comes after its case's best `most` of the same group; never one of group UNKNOWN."""
    order = np.lexsort((-scores, groups, owners))
    keys = owners[order] * (groups.max(initial=0) + 2) + groups[order] + 1
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) - np.searchsorted(keys, keys)
    return (place >= most) & (groups >= 0)


def top_lists(
    owners: Ints,
    items: Ints,
    scores: NDArray[np.float64],
    cases: int,
    count: int,
    last: NDArray[np.bool_] | None = None,
) -> tuple[Ints, Floats]:
    """Items and scores, best first, shape (cases, count); UNKNOWN and 0 where there are fewer. Pairs are sorted as in
    Candidates. `last`: those that come behind all others.
    """
    starts = np.searchsorted(owners, np.arange(cases + 1))
    sizes = np.diff(starts)
    table = np.full((cases, max(count, sizes.max(initial=0))), np.inf)
    behind = 0 if last is None else last * (1 + scores.max(initial=0) - scores.min(initial=0))
    table[owners, np.arange(len(owners)) - starts[owners]] = behind - scores
    best = np.argsort(table, axis=1, kind="stable")[:, :count]  # of equals the first item first
    rows = np.where(best < sizes[:, None], starts[:-1, None] + best, -1)
    return np.append(items, UNKNOWN)[rows], np.append(scores, 0).astype(np.float32)[rows]
