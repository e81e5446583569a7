"""Candidates by content without comparing all with all: the best of a product's own shelf and category."""

import numpy as np
from numpy.typing import NDArray

from shoplab.recommend.als import Floats

Ints = NDArray[np.int64]


def best_of_each(codes: NDArray[np.int32], scores: Floats, size: int) -> Ints:
    """Positions of every code's `size` best products, best first, shape (codes, size); -1 where there are fewer."""
    order = np.lexsort((-scores, codes))
    starts = np.searchsorted(codes[order], np.arange(codes.max(initial=-1) + 1))
    place = np.arange(len(codes)) - starts[codes[order]]
    kept = place < size
    table = np.full((len(starts), size), -1, dtype=np.int64)
    table[codes[order][kept], place[kept]] = order[kept]
    return table
