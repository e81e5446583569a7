"""What every candidate source is: fitted on a log, asked with histories, stored as arrays."""

import os
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, identity, vstack

try:
    from sparse_dot_topn import sp_matmul_topn  # type: ignore[import-untyped]
except ImportError:  # Linux on ARM
    sp_matmul_topn = None

from shoplab.recommend.als import Factors
from shoplab.recommend.content import Content
from shoplab.recommend.histories import Histories
from shoplab.recommend.log import Ints, Log

Floats = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]
_MANY = 64  # cases from which a second thread pays
_ROWS = 500  # multiplied at once by SciPy


@dataclass(frozen=True)
class Training:
    """What sources are fitted on. segments: per user of the log, UNKNOWN for none; names: of segment 0, 1, …

    The length of the ALS vectors is `rank`; `seed` starts whatever is drawn. als: vectors of all events to take instead
    of fitting some, row i of the users belonging to whoever a history's `known` means; content: of the catalogue.
    """

    log: Log
    segments: NDArray[np.int16]
    names: tuple[str, ...] = ()
    rank: int = 64
    seed: int = 7
    als: Factors | None = None
    content: Content | None = None


class Source(Protocol):
    """One way to find products for a case. `lists` says in `name`'s own scale how much; larger is better."""

    name: ClassVar[str]

    @classmethod
    def fit(cls, training: Training) -> Self: ...

    def lists(self, histories: Histories) -> csr_matrix:
        """The best products of every case, shape (cases, products), the largest first in each row, all above 0; an
        empty row where the source has nothing to say."""
        ...

    def arrays(self) -> Arrays:
        """All it takes to make the source again with `of`, for the files of a version."""
        ...

    @classmethod
    def of(cls, arrays: Arrays) -> Self: ...


def best_products(left: csr_matrix, right: csr_matrix, count: int) -> csr_matrix:
    """The `count` largest of every row of left x right, largest first."""
    if sp_matmul_topn is None:
        return best_by_scipy(left, right, count)
    threads = min(4, os.cpu_count() or 1) if left.shape[0] >= _MANY else 1
    found: csr_matrix = sp_matmul_topn(left, right, top_n=count, sort=True, n_threads=threads)
    return found


def best_by_scipy(left: csr_matrix, right: csr_matrix, count: int) -> csr_matrix:
    """The same several times slower, in parts that bound the memory of the whole product."""
    parts = [_sorted(csr_matrix(left[at : at + _ROWS] @ right), count) for at in range(0, left.shape[0], _ROWS)]
    empty = csr_matrix((0, right.shape[1]), dtype=np.float32)
    return csr_matrix(vstack([empty, *parts]), dtype=np.float32)


def _sorted(matrix: csr_matrix, count: int) -> csr_matrix:
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    kept = order[np.arange(len(order)) - matrix.indptr[rows] < count]
    starts = np.searchsorted(rows[kept], np.arange(matrix.shape[0] + 1))
    return csr_matrix((matrix.data[kept], matrix.indices[kept], starts), shape=matrix.shape)


def trimmed(matrix: csr_matrix, count: int) -> csr_matrix:
    """The `count` largest of every row, largest first."""
    return best_products(matrix.astype(np.float32), identity(matrix.shape[1], np.float32, "csr"), count)


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
