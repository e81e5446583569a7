"""What ALS computes case by case, compiled: one case alone has the digits that it has among thousands."""

from typing import Any

import numpy as np

from shoplab.recommend.compiled import compiled, compiled_loose


@compiled_loose
def dot(left: Any, right: Any) -> Any:
    """In single precision."""
    total = np.float32(0)
    for at in range(len(left)):
        total += left[at] * right[at]
    return total


@compiled
def folded_in(gram: Any, vectors: Any, rows: Any, confidence: Any, regularization: Any) -> Any:
    """A user's vector from the products met (rows of the vectors) and the confidence in each: (Y'CY + rI) x = Y'Cp."""
    rank = vectors.shape[1]
    left, right = gram.astype(np.float64), np.zeros(rank)
    for at in range(rank):
        left[at, at] += regularization
    for at in range(len(rows)):
        vector = vectors[rows[at]]
        for row in range(rank):
            right[row] += confidence[at] * vector[row]
            pull = (confidence[at] - 1) * vector[row]
            for column in range(rank):
                left[row, column] += pull * vector[column]
    return _solved(left, right)


@compiled_loose
def _solved(left: Any, right: Any) -> Any:
    """By Cholesky's decomposition, in place: left is symmetric and positive definite."""
    size = len(right)
    for row in range(size):
        for column in range(row + 1):
            total = left[row, column]
            for at in range(column):
                total -= left[row, at] * left[column, at]
            left[row, column] = np.sqrt(total) if row == column else total / left[column, column]
        total = right[row]
        for at in range(row):
            total -= left[row, at] * right[at]
        right[row] = total / left[row, row]
    for row in range(size - 1, -1, -1):
        right[row] /= left[row, row]
        for at in range(row):
            right[at] -= left[row, at] * right[row]
    return right.astype(np.float32)


@compiled
def all_folded_in(gram: Any, vectors: Any, starts: Any, rows: Any, confidence: Any, regularization: Any) -> Any:
    """Of many users, shape (users, rank): user i met rows[starts[i]:starts[i + 1]]."""
    found = np.empty((len(starts) - 1, vectors.shape[1]), np.float32)
    for user in range(len(found)):
        first, end = starts[user], starts[user + 1]
        found[user] = folded_in(gram, vectors, rows[first:end], confidence[first:end], regularization)
    return found


@compiled
def dots(left: Any, left_rows: Any, right: Any, right_rows: Any) -> Any:
    """Of pairs of rows."""
    found = np.empty(len(left_rows), np.float32)
    for at in range(len(left_rows)):
        found[at] = dot(left[left_rows[at]], right[right_rows[at]])
    return found
