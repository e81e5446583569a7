"""Products of sparse matrices of which only each row's largest are kept: a heap finds them.

Of equals the larger column comes first, always: one case alone has the list that it has among thousands, and products
that an increment brings, which stand behind all others, are not cut off by older ones of equal worth.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.compiled import compiled

_MANY = 64  # rows from which a second thread pays


class Csr(NamedTuple):
    """Rows of a sparse matrix: row i holds starts[i]:starts[i + 1]."""

    starts: NDArray[Any]
    columns: NDArray[Any]
    values: NDArray[np.float32]


def best_products(left: csr_matrix, right: csr_matrix, count: int) -> csr_matrix:
    """The `count` largest above 0 of every row of left x right, none of which has a value below 0, largest first."""
    rows, most = left.shape[0], min(count, right.shape[1])
    scores, items = np.zeros((rows, most), np.float32), np.zeros((rows, most), np.int32)
    sizes = np.zeros(rows, np.int64)
    threads = min(4, os.cpu_count() or 1) if rows >= _MANY else 1
    ends = np.linspace(0, rows, threads + 1).astype(int).tolist()

    def work(part: int) -> None:
        rows_best(_csr(left), _csr(right), right.shape[1], ends[part], ends[part + 1], scores, items, sizes)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(1, threads)))
        work(0)
    kept = np.arange(most) < sizes[:, None]
    return csr_matrix(
        (scores[kept], items[kept], np.concatenate([[0], np.cumsum(sizes)])), shape=(rows, right.shape[1])
    )


def _csr(matrix: csr_matrix) -> Csr:
    return Csr(matrix.indptr, matrix.indices, matrix.data.astype(np.float32, copy=False))


@compiled
def rows_best(left: Any, right: Any, width: Any, first: Any, end: Any, scores: Any, items: Any, sizes: Any) -> None:
    """Rows first:end of the lists."""
    sums, touched = np.zeros(width, np.float32), np.empty(width, np.int32)
    for row in range(first, end):
        number = 0
        for at in range(left.starts[row], left.starts[row + 1]):
            number = add_row(right, left.columns[at], left.values[at], sums, touched, number)
        sizes[row] = collect(sums, touched, number, scores.shape[1], scores[row], items[row])


@compiled
def before(score: Any, item: Any, other_score: Any, other_item: Any) -> Any:
    """Whether the first comes before the second: of equals the larger number."""
    return score > other_score or (score == other_score and item > other_item)


@compiled
def offer(scores: Any, items: Any, size: Any, most: Any, score: Any, item: Any) -> Any:
    """Puts one into a heap whose root is the last of the list; returns the heap's size."""
    if size < most:
        at = size
        while at > 0:
            up = (at - 1) // 2
            if not before(scores[up], items[up], score, item):
                break
            scores[at], items[at] = scores[up], items[up]
            at = up
        scores[at], items[at] = score, item
        return size + 1
    if most and before(score, item, scores[0], items[0]):
        _sink(scores, items, size, score, item)
    return size


@compiled
def _sink(scores: Any, items: Any, size: Any, score: Any, item: Any) -> None:
    """Puts one in the root's place."""
    at = 0
    while True:
        down = 2 * at + 1
        if down >= size:
            break
        if down + 1 < size and before(scores[down], items[down], scores[down + 1], items[down + 1]):
            down += 1
        if before(scores[down], items[down], score, item):
            break
        scores[at], items[at] = scores[down], items[down]
        at = down
    scores[at], items[at] = score, item


@compiled
def in_order(scores: Any, items: Any, size: Any) -> None:
    """Turns the heap into a list, best first."""
    while size > 1:
        size -= 1
        score, item = scores[size], items[size]
        scores[size], items[size] = scores[0], items[0]
        _sink(scores, items, size, score, item)


@compiled
def collect(sums: Any, touched: Any, number: Any, most: Any, scores: Any, items: Any) -> Any:
    """The best of the sums at `touched`, best first; sets those back to 0. Returns how many."""
    size = 0
    for at in range(number):
        item = touched[at]
        if sums[item] > 0:
            size = offer(scores, items, size, most, sums[item], item)
        sums[item] = np.float32(0)
    in_order(scores, items, size)
    return size


@compiled
def add_row(matrix: Any, row: Any, weight: Any, sums: Any, touched: Any, number: Any) -> Any:
    """Adds weight times a row of the matrix to the sums; returns how many are touched."""
    for at in range(matrix.starts[row], matrix.starts[row + 1]):
        column, more = matrix.columns[at], weight * matrix.values[at]
        if more > 0:
            if sums[column] == 0:
                touched[number] = column
                number += 1
            sums[column] += more
    return number
