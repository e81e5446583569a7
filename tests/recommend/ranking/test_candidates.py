"""What comes first among the candidates."""

import numpy as np

from shoplab.recommend.ranking.candidates import Candidates, beyond, top_lists
from shoplab.recommend.ranking.features import Columns

OWNERS = np.array([0, 0, 0, 0, 1, 1])
ITEMS = np.array([0, 1, 2, 3, 0, 4])
CANDIDATES = Candidates(OWNERS, ITEMS, np.zeros((6, 2), np.float32), Columns(()))
SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.1, 0.2])


def test_best_first_and_nothing_where_there_is_no_more() -> None:
    lists, scores = top_lists(CANDIDATES, SCORES, 3, 3)
    assert lists.tolist() == [[0, 1, 2], [4, 0, -1], [-1, -1, -1]]
    np.testing.assert_allclose(scores, [[0.9, 0.8, 0.7], [0.2, 0.1, 0], [0, 0, 0]], rtol=1e-6)


def test_of_a_category_only_so_many_come_before_the_others() -> None:
    categories = np.array([5, 5, 5, 7, 5, -1])
    last = beyond(OWNERS, categories, SCORES, 1)
    assert last.tolist() == [False, True, True, False, False, False]
    lists, _ = top_lists(CANDIDATES, SCORES, 2, 4, last)
    assert lists.tolist() == [[0, 3, 1, 2], [4, 0, -1, -1]]


def test_products_of_an_unknown_category_are_not_held_back() -> None:
    assert not beyond(OWNERS, np.full(6, -1), SCORES, 1).any()
