"""Trees for one case's candidates: what `ranking.trees.Trees.log_odds` gives for many."""

from typing import Any

import numpy as np

from shoplab.recommend.compiled import compiled
from shoplab.recommend.ranking.trees import STEADY

_LOWEST = np.zeros(16, np.int64)  # place of the lowest bit, by a de Bruijn sequence of 16 bits
for _bit in range(16):
    _LOWEST[((1 << _bit) * 0x09AF & 0xFFFF) >> 12] = _bit


@compiled
def log_odds(forest: Any, features: Any, number: Any, odds: Any, reached: Any) -> None:
    """Of the first `number` rows of features. reached: room for a mask per tree."""
    trees, columns = forest.values.shape[0], features.shape[1]
    for row in range(number):
        reached[:] = np.uint16(0xFFFF)
        for column in range(columns):
            first, end = forest.starts[column], forest.starts[column + 1]
            if first == end:
                continue
            wide = features[row, column] * STEADY
            value, low, high = np.float64(wide - (wide - features[row, column])), first, end
            if value == 0:  # as most are: of sources that did not list the candidate
                low = high = forest.zeros[column]
            while low < high:
                middle = (low + high) >> 1
                if forest.thresholds[middle] < value:
                    low = middle + 1
                else:
                    high = middle
            masks = forest.masks[low + column]
            for tree in range(trees):
                reached[tree] &= masks[tree]
        total = forest.base[0]
        for tree in range(trees):
            mask = np.int64(reached[tree])
            total += forest.values[tree, _LOWEST[(((mask & -mask) * 0x09AF) & 0xFFFF) >> 12]]
        odds[row] = total
