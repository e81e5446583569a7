"""What a ranking sees of a candidate, column by column, and to which source each column belongs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import UNKNOWN, Bools, Floats, Ints
from shoplab.recommend.sources import Source, check

# Of every source's list: score over the case's largest, 1 / place, score. All 0 where the source did not list it.
_OF_LIST = ("scaled", "rank", "raw")
_SCALED, _RANK, _RAW = range(3)
OF_CASE = ("events", "newest product's popularity")  # belong to no source: the case's, whatever the candidate


@dataclass(frozen=True)
class Columns:
    """The columns of these sources: three of each one's list, then each one's own features, then the case's."""

    sources: tuple[type[Source], ...]

    def __post_init__(self) -> None:
        check(self.sources)

    @cached_property
    def names(self) -> tuple[str, ...]:
        lists = [f"{source.name} {part}" for source in self.sources for part in _OF_LIST]
        return (*lists, *(name for source in self.sources for name in source.features), *OF_CASE)

    @cached_property
    def owners(self) -> tuple[str | None, ...]:
        """Per column the name of its source, None for the case's."""
        lists = [source.name for source in self.sources for _ in _OF_LIST]
        own = [source.name for source in self.sources for _ in source.features]
        return (*lists, *own, *[None] * len(OF_CASE))

    @property
    def listed(self) -> slice:
        """The columns of all lists."""
        return slice(0, len(_OF_LIST) * len(self.sources))

    @property
    def scaled(self) -> slice:
        """Per source its score over the case's largest, in [0, 1]."""
        return slice(_SCALED, self.listed.stop, len(_OF_LIST))

    def of(self, source: str) -> Bools:
        """Which columns are the source's."""
        return np.array([owner == source for owner in self.owners])

    def feature(self, name: str) -> int:
        return self.names.index(name)

    def place(self, source: str) -> int:
        """Of a source among the sources."""
        return [one.name for one in self.sources].index(source)


def write_lists(table: Floats, columns: Columns, source: str, lists: csr_matrix, rows: Ints) -> None:
    """Writes a source's lists into its three columns. rows: of each entry of the lists, UNKNOWN for those left out."""
    first = columns.place(source) * len(_OF_LIST)
    sizes = np.diff(lists.indptr)
    largest = np.ones(lists.nnz)
    largest[:] = np.repeat(lists.data[lists.indptr[:-1][sizes > 0]], sizes[sizes > 0])
    rank = np.arange(lists.nnz) - np.repeat(lists.indptr[:-1], sizes)
    shown = rows >= 0
    table[rows[shown], first + _SCALED] = (lists.data / largest)[shown]
    table[rows[shown], first + _RANK] = 1 / (1 + rank[shown])
    table[rows[shown], first + _RAW] = lists.data[shown]


def reordered(names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Per wanted column its place among `names`, UNKNOWN where it is none of them. ValueError where one of `names` is
    not wanted at all: something was learned from it.
    """
    lost = [name for name in names if name not in wanted]
    if lost:
        raise ValueError(f"the feature {lost[0]!r} is gone")
    return [names.index(name) if name in names else UNKNOWN for name in wanted]
