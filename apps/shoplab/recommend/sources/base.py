"""What every candidate source is: fitted on a log, asked with histories, stored as arrays."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, identity

from shoplab.recommend.data.arrays import Floats, Ints
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.data.log import Log
from shoplab.recommend.data.products import Products
from shoplab.recommend.topn import best_products

Arrays = dict[str, NDArray[Any]]
Group = Literal["collaborative", "content", "segment"]
GROUPS: tuple[Group, ...] = ("collaborative", "content", "segment")


@dataclass(frozen=True)
class Training:
    """What sources are fitted on. segments: per user of the log, UNKNOWN for none; names: of segment 0, 1, …

    The length of the ALS vectors is `rank`; `seed` starts whatever is drawn. given: source name -> what was fitted for
    it elsewhere, on the cluster and on all events, and is taken as it is ("als": Factors, "content": TF-IDF vectors).
    """

    log: Log
    segments: NDArray[np.int16]
    names: tuple[str, ...] = ()
    rank: int = 64
    seed: int = 7
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Newer:
    """What was met since a model was trained, as one of its increments says it.

    products: the model's, and behind them new ones. fade: what is left of demand as of the training. demand: decayed,
    since then, shape (segments + 1, products), the last row the whole shop's; wanted: per product all there is, of
    before and since. pairs, firm: decayed co-visits since, of all events and of those stronger than the weakest, shape
    (products, products). factors: ALS vectors of the new products, shape (new, rank).
    """

    products: Products
    fade: float
    demand: Floats
    wanted: Floats
    pairs: csr_matrix
    firm: csr_matrix
    factors: Floats


@dataclass(frozen=True)
class Pairs:
    """Candidates that a ranking looks at: product items[i] for case owners[i]."""

    histories: Histories
    owners: Ints
    items: Ints
    products: Products


class Source(ABC):
    """One way to find products for a case. `lists` says in the source's own scale how much; larger is better.

    name: that of its file, with spaces. group: where its part of a score is shown. weight: of its group in the fixed
    blend, in proportion to the others; tuned: whether that is tried out on validation cases instead. floor: what it
    weighs there whatever its group does. features: what a ranking sees of a candidate besides the place and score in
    the source's list.
    """

    name: ClassVar[str]
    group: ClassVar[Group]
    weight: ClassVar[float] = 1.0
    tuned: ClassVar[bool] = False
    floor: ClassVar[float] = 0.0
    features: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @abstractmethod
    def fit(cls, training: Training) -> Self: ...

    @abstractmethod
    def lists(self, histories: Histories) -> csr_matrix:
        """The best products of every case, shape (cases, products), the largest first in each row, all above 0; an
        empty row where the source has nothing to say."""

    def describe(self, pairs: Pairs) -> Floats:
        """`features` of every pair, shape (pairs, features)."""
        return np.empty((len(pairs.owners), 0), dtype=np.float32)

    @abstractmethod
    def grown(self, newer: Newer) -> Self:
        """The same with what is newer, over all its products; this one stays as it is."""

    @abstractmethod
    def arrays(self) -> Arrays:
        """All it takes to make the source again with `of`, for the files of a version."""

    @classmethod
    @abstractmethod
    def of(cls, arrays: Arrays) -> Self: ...


def trimmed(matrix: csr_matrix, count: int) -> csr_matrix:
    """The `count` largest of every row, largest first."""
    return best_products(matrix.astype(np.float32), identity(matrix.shape[1], np.float32, "csr"), count)


def widened(matrix: csr_matrix, rows: int, columns: int) -> csr_matrix:
    """With empty rows and columns behind its own; data and indices are shared, not copied."""
    starts = np.append(matrix.indptr, np.full(rows - matrix.shape[0], matrix.indptr[-1], matrix.indptr.dtype))
    return csr_matrix((matrix.data, matrix.indices, starts), shape=(rows, columns))


def from_pairs(owners: Ints, items: Ints, scores: Floats, shape: tuple[int, int], count: int) -> csr_matrix:
    """Lists out of distinct (owner, item) pairs; those without a score above 0 are left out."""
    good = scores > 0
    table = csr_matrix((scores[good].astype(np.float32), (owners[good], items[good])), shape=shape)
    return trimmed(table, count)


def packed(name: str, matrix: csr_matrix) -> Arrays:
    """A matrix as arrays to store."""
    return {f"{name}.data": matrix.data.astype(np.float32), f"{name}.indices": matrix.indices.astype(np.int32),
            f"{name}.indptr": matrix.indptr.astype(np.int64), f"{name}.shape": np.array(matrix.shape)}  # fmt: skip


def unpacked(name: str, arrays: Arrays) -> csr_matrix:
    """What `packed` stored."""
    parts = (arrays[f"{name}.data"], arrays[f"{name}.indices"], arrays[f"{name}.indptr"])
    return csr_matrix(parts, shape=tuple(arrays[f"{name}.shape"].tolist()))
