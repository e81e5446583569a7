"""The trees as tables answer as the library that fitted them."""

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from shoplab.recommend.ranking.trees import Trees

RNG = np.random.default_rng(7)
FEATURES = np.round(RNG.random((6_000, 9)), 2).astype(np.float32)  # rounded: many values stand exactly on a threshold
FEATURES[:, 3] = 0  # a source that says nothing
HIT: NDArray[np.bool_] = FEATURES[:, 0] * FEATURES[:, 1] + FEATURES[:, 2] / 4 > RNG.random(6_000)


def test_log_odds_are_those_of_scikit_learn() -> None:
    model = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=15, early_stopping=False).fit(FEATURES, HIT)
    nodes = [tree.nodes for [tree] in model._predictors]
    trees = Trees.of_nodes(nodes, float(model._baseline_prediction.item()), FEATURES.shape[1])
    np.testing.assert_allclose(trees.log_odds(FEATURES), model.decision_function(FEATURES), rtol=0, atol=1e-9)
    thresholds = np.concatenate([node["num_threshold"][node["is_leaf"] == 0] for node in nodes])
    edges = np.tile(thresholds[:, None], FEATURES.shape[1])
    np.testing.assert_allclose(trees.log_odds(edges), model.decision_function(edges), rtol=0, atol=1e-9)


def test_they_learn_and_are_stored_as_arrays() -> None:
    trees = Trees.fit(FEATURES, HIT, np.ones(len(HIT)), seed=7)
    odds = trees.log_odds(FEATURES)
    assert odds[HIT].mean() > odds[~HIT].mean() + 1
    np.testing.assert_array_equal(Trees.of(trees.arrays()).log_odds(FEATURES), odds)
    assert trees.log_odds(FEATURES[:0]).shape == (0,)


def test_where_nothing_splits_every_candidate_gets_the_same() -> None:
    trees = Trees.fit(np.zeros((400, 3), dtype=np.float32), np.arange(400) % 4 == 0, np.ones(400), seed=7)
    np.testing.assert_allclose(trees.log_odds(np.ones((2, 3), dtype=np.float32)), np.log(1 / 3), atol=0.05)


def test_what_differs_by_rounding_is_one_value() -> None:
    """Sums in another order are a few bits apart; with a threshold learned between them, machines would disagree."""
    near = np.nextafter(np.float32(1.2), np.float32(2))
    features = np.where(HIT, np.float32(1.2), near)[:, None]
    odds = Trees.fit(features, HIT, np.ones(len(HIT)), seed=7).log_odds(features)
    assert len(np.unique(odds)) == 1
    told = np.where(HIT, np.float32(1.2), np.float32(1.21))[:, None]
    assert len(np.unique(Trees.fit(told, HIT, np.ones(len(HIT)), seed=7).log_odds(told))) == 2
