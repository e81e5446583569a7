"""The learned ranker: gradient-boosted trees over what the sources say of a candidate."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shoplab.errors import LabError

ROUNDS, LEAVES, RATE, LEAF_ROWS, RIDGE = 100, 15, 0.1, 50, 10.0


@dataclass(frozen=True)
class Trees:
    """A fitted scikit-learn HistGradientBoostingClassifier, kept as plain arrays: a pickle on HDFS would run whatever
    somebody put there. nodes: one structured array per tree; base: log-odds before the first tree.
    """

    nodes: tuple[NDArray[Any], ...]
    base: float

    @classmethod
    def fit(cls, seen: NDArray[np.float64], hit: NDArray[np.bool_], weights: NDArray[np.float64], seed: int) -> Self:
        """On candidates (rows) with whether each was met next. Friedman 2001, with histograms as in LightGBM."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        leaf_rows = min(LEAF_ROWS, 1 + len(hit) // 200)
        model = HistGradientBoostingClassifier(
            max_iter=ROUNDS, max_leaf_nodes=LEAVES, learning_rate=RATE, min_samples_leaf=leaf_rows,
            l2_regularization=RIDGE, early_stopping=False, random_state=seed,
        ).fit(seen, hit, sample_weight=weights)  # fmt: skip
        return cls(tuple(tree.nodes for [tree] in model._predictors), float(model._baseline_prediction.ravel()[0]))

    def log_odds(self, seen: NDArray[np.float64]) -> NDArray[np.float64]:
        """Per candidate; the higher, the likelier it is met next."""
        from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
        from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

        none = np.zeros((0, 8), dtype=np.uint32)
        known = np.zeros((0, 8), dtype=np.uint32), np.zeros(seen.shape[1], dtype=np.uint32)
        threads = _openmp_effective_n_threads() if len(seen) > 5_000 else 1
        total = np.full(len(seen), self.base)
        for nodes in self.nodes:
            total += TreePredictor(nodes, none, none).predict(seen, *known, threads)
        return total

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For the files of a version; `of` reads them."""
        sizes = np.array([len(nodes) for nodes in self.nodes])
        return {"sizes": sizes, "nodes": np.concatenate(self.nodes), "base": np.array(self.base)}

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """LabError where another scikit-learn, whose nodes look otherwise, made them."""
        from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

        if arrays["nodes"].dtype != PREDICTOR_RECORD_DTYPE:
            raise LabError("this recommender was trained with another scikit-learn; make it again: ./lab train")
        return cls(tuple(np.split(arrays["nodes"], np.cumsum(arrays["sizes"])[:-1])), float(arrays["base"]))
