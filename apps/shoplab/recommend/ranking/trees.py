"""The learned ranker: gradient-boosted trees over what the sources say of a candidate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shoplab.recommend.data.arrays import Bools, Floats

ROUNDS, LEAVES, RATE, LEAF_ROWS, RIDGE = 100, 15, 0.1, 50, 10.0
_ROWS = 4_000  # at once: their masks stay in the processor's cache
_ALL = np.uint16(0xFFFF)
STEADY = np.float32(1 + (1 << 8))
_LOWEST_BIT = np.array([(mask & -mask).bit_length() - 1 for mask in range(1 << 16)], dtype=np.int16)


def steady(values: Floats) -> Floats:
    """Without the last 8 of a number's 24 bits (Veltkamp 1968), in which sums differ between machines and between this
    and the kernels: a threshold learned between two such neighbours would tell them apart.
    """
    wide: Floats = values * STEADY
    return wide - (wide - values)


@dataclass(frozen=True)
class Trees:
    """Fitted trees of at most 16 leaves as tables (QuickScorer: Lucchese et al. 2015): stream and API needn't load the
    library that fitted them, and no pickle on HDFS runs what somebody put there.

    thresholds: of all nodes, sorted within each column; starts: where each column's begin, shape (columns + 1);
    masks: shape (nodes + columns, trees), row starts[c] + c + n: bits of the leaves still in reach, counted from the
    left, where n thresholds of column c are below the value; values: log-odds of the leaves, shape (trees, 16); base:
    log-odds before the first tree.
    """

    thresholds: NDArray[np.float64]
    starts: NDArray[np.int64]
    masks: NDArray[np.uint16]
    values: NDArray[np.float64]
    base: float

    @classmethod
    def fit(cls, features: Floats, hit: Bools, weights: NDArray[np.float64], seed: int, share: float = 1.0) -> Self:
        """On candidates (rows) with whether each was met next. Friedman 2001, with histograms as in LightGBM.

        share: of the columns, drawn anew, that every split may choose from: fewer of them make trees that differ, and
        learn less by heart (Breiman 2001).
        """
        from sklearn.ensemble import HistGradientBoostingClassifier

        leaf_rows = min(LEAF_ROWS, 1 + len(hit) // 200)
        model = HistGradientBoostingClassifier(
            max_iter=ROUNDS, max_leaf_nodes=LEAVES, learning_rate=RATE, min_samples_leaf=leaf_rows,
            l2_regularization=RIDGE, early_stopping=False, random_state=seed,
            max_features=share,
        ).fit(steady(features), hit, sample_weight=weights)  # fmt: skip
        return cls.of_nodes(
            [tree.nodes for [tree] in model._predictors],
            float(model._baseline_prediction.ravel()[0]),
            features.shape[1],
        )

    @classmethod
    def of_nodes(cls, trees: list[NDArray[Any]], base: float, columns: int) -> Self:
        """From scikit-learn's node arrays: a value up to a node's threshold goes to its left child."""
        splits: list[tuple[int, float, int, int]] = []  # column, threshold, tree, leaves to its left
        values = np.zeros((len(trees), 16))
        for tree, nodes in enumerate(trees):
            leaves: list[float] = []
            _walk(nodes, 0, tree, leaves, splits)
            values[tree, : len(leaves)] = leaves
        splits.sort()
        starts = np.searchsorted([column for column, *_ in splits], np.arange(columns + 1))
        masks = np.full((len(splits) + columns, len(trees)), _ALL)
        for row, (column, _, tree, left) in enumerate(splits, start=1):
            below = masks[row + column : starts[column + 1] + column + 1, tree]
            below &= _ALL ^ np.uint16(left)
        return cls(np.array([threshold for _, threshold, *_ in splits]), starts, masks, values, base)

    def log_odds(self, features: Floats) -> NDArray[np.float64]:
        """Per candidate; the higher, the likelier it is met next."""
        parts = [self._log_odds(features[first : first + _ROWS]) for first in range(0, len(features), _ROWS)]
        return np.concatenate([np.empty(0), *parts])

    def _log_odds(self, features: Floats) -> NDArray[np.float64]:
        reached = np.full((len(features), len(self.values)), _ALL)
        for column in np.flatnonzero(np.diff(self.starts)):
            thresholds, masks = self._block(int(column))
            reached &= masks.take(np.searchsorted(thresholds, steady(features[:, column])), axis=0)
        leaves = _LOWEST_BIT.take(reached) + np.arange(0, self.values.size, self.values.shape[1])
        total: NDArray[np.float64] = self.values.ravel().take(leaves).sum(axis=1) + self.base
        return total

    def on(self, columns: Sequence[int]) -> Self:
        """The same trees for a table whose column c is column columns[c] of the one they learned on, UNKNOWN for a new
        one.
        """
        none = np.full((1, len(self.values)), _ALL)
        blocks = [self._block(c) if c >= 0 else (self.thresholds[:0], none) for c in columns]
        thresholds, masks = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        starts = np.cumsum([0, *(len(part) for part, _ in blocks)])
        return type(self)(thresholds, starts, masks, self.values, self.base)

    def _block(self, column: int) -> tuple[NDArray[np.float64], NDArray[np.uint16]]:
        """A column's thresholds and masks."""
        first, end = self.starts[column : column + 2]
        return self.thresholds[first:end], self.masks[first + column : end + column + 1]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For the files of a version; `of` reads them."""
        return {"thresholds": self.thresholds, "starts": self.starts, "masks": self.masks, "values": self.values,
                "base": np.array(self.base)}  # fmt: skip

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """What `arrays` gave."""
        base = float(arrays["base"])
        return cls(arrays["thresholds"], arrays["starts"], arrays["masks"], arrays["values"], base)


def _walk(
    nodes: NDArray[Any], at: int, tree: int, leaves: list[float], splits: list[tuple[int, float, int, int]]
) -> int:
    """Adds the leaves and splits below a node; returns the bits of its leaves."""
    node = nodes[at]
    if node["is_leaf"]:
        leaves.append(float(node["value"]))
        return 1 << (len(leaves) - 1)
    left = _walk(nodes, int(node["left"]), tree, leaves, splits)
    splits.append((int(node["feature_idx"]), float(node["num_threshold"]), tree, left))
    return left | _walk(nodes, int(node["right"]), tree, leaves, splits)
