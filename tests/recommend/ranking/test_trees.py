"""The trees as tables answer as the library that fitted them."""

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from shoplab.recommend.trees import Trees

RNG = np.random.default_rng(7)
SEEN = np.round(RNG.random((6_000, 9)), 2).astype(np.float32)  # rounded: many values stand exactly on a threshold
SEEN[:, 3] = 0  # a source that is silent
HIT: NDArray[np.bool_] = SEEN[:, 0] * SEEN[:, 1] + SEEN[:, 2] / 4 > RNG.random(6_000)


def test_log_odds_are_those_of_scikit_learn() -> None:
    model = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=15, early_stopping=False).fit(SEEN, HIT)
    nodes = [tree.nodes for [tree] in model._predictors]
    trees = Trees.of_nodes(nodes, float(model._baseline_prediction.item()), SEEN.shape[1])
    np.testing.assert_allclose(trees.log_odds(SEEN), model.decision_function(SEEN), rtol=0, atol=1e-9)
    thresholds = np.concatenate([node["num_threshold"][node["is_leaf"] == 0] for node in nodes])
    edges = np.tile(thresholds[:, None], SEEN.shape[1])
    np.testing.assert_allclose(trees.log_odds(edges), model.decision_function(edges), rtol=0, atol=1e-9)


def test_they_learn_and_are_stored_as_arrays() -> None:
    trees = Trees.fit(SEEN, HIT, np.ones(len(HIT)), seed=7)
    odds = trees.log_odds(SEEN)
    assert odds[HIT].mean() > odds[~HIT].mean() + 1
    np.testing.assert_array_equal(Trees.of(trees.arrays()).log_odds(SEEN), odds)
    assert trees.log_odds(SEEN[:0]).shape == (0,)


def test_where_nothing_splits_every_candidate_gets_the_same() -> None:
    trees = Trees.fit(np.zeros((400, 3), dtype=np.float32), np.arange(400) % 4 == 0, np.ones(400), seed=7)
    np.testing.assert_allclose(trees.log_odds(np.ones((2, 3), dtype=np.float32)), np.log(1 / 3), atol=0.05)
