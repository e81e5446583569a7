"""Figures by hand on two small cases, and what resampling must keep."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from shoplab.recommend import measures
from shoplab.recommend.data.log import Ints
from shoplab.recommend.measures import MEASURES

# Case 0 seeks products 1 and 3, and one that the catalogue lacks; case 1 seeks 0; case 2 nothing that is there
TARGETS = csr_matrix(np.array([[0, 1, 0, 1, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]))
UNREACHABLE = np.array([1, 0, 1])
LISTS = np.array([[2, 3, 1, -1], [0, 4, -1, -1], [4, -1, -1, -1]])


def figures(lists: Ints = LISTS) -> dict[str, list[float]]:
    found = measures.per_case(lists, TARGETS, UNREACHABLE)
    return {name: found[:, at].tolist() for at, name in enumerate(MEASURES)}


def test_targets_that_the_catalogue_lacks_count_as_targets() -> None:
    found = figures()
    assert found["recall@20"] == pytest.approx([2 / 3, 1, 0])
    assert found["hit rate@20"] == [1, 1, 0]
    assert found["MRR@20"] == [1 / 2, 1, 0]
    ideal = 1 + 1 / np.log2(3) + 1 / 2
    assert found["NDCG@20"] == pytest.approx([(1 / np.log2(3) + 1 / 2) / ideal, 1, 0])


def test_a_hit_behind_the_cut_counts_only_for_the_longer_list() -> None:
    late = np.full((3, 20), 2)
    late[1, 12] = 0
    found = figures(late)
    assert (found["recall@10"][1], found["recall@20"][1]) == (0, 1)
    assert (found["MRR@10"][1], found["MRR@20"][1]) == (0, 1 / 13)


def test_an_unknown_place_is_never_a_hit() -> None:
    """Without the check, -1 of case 1 would be read as the last product of case 0."""
    targets = csr_matrix(np.array([[0, 1], [0, 0]]))
    assert not measures.hits(np.array([[0], [-1]]), targets).any()


def test_no_case_and_no_target_are_no_error() -> None:
    empty = csr_matrix((0, 5))
    assert measures.per_case(np.empty((0, 20), np.int64), empty, np.empty(0, np.int64)).shape == (0, len(MEASURES))
    assert not measures.hits(LISTS, csr_matrix((3, 5))).any()


def test_coverage_novelty_and_gini() -> None:
    assert measures.coverage(LISTS, 5) == 1.0
    assert measures.coverage(LISTS[2:], 5) == pytest.approx(0.2)
    assert measures.novelty(np.array([[0, 1]]), np.array([8, 2, 1]), 8) == pytest.approx((0 + 2) / 2)
    assert measures.gini(np.array([[0, 1], [2, 3]]), 4) == pytest.approx(0)
    assert measures.gini(np.array([[0], [0]]), 4) == pytest.approx(3 / 4)  # (n - 1) / n: all to one of n


def test_the_interval_of_a_share_is_that_of_the_normal_distribution() -> None:
    values = (np.arange(2_000) % 4 == 0).astype(float)[:, None]
    drawn = measures.resampled_means(values, np.arange(2_000), 1)
    low, high = measures.interval(0.25, drawn[:, 0])[1:]
    error = 1.96 * np.sqrt(0.25 * 0.75 / 2_000)
    assert (low, high) == (pytest.approx(0.25 - error, abs=0.003), pytest.approx(0.25 + error, abs=0.003))


def test_cases_of_one_visit_are_drawn_together() -> None:
    """Ten copies of every case say nothing new: the interval is as wide as without them."""
    values = np.random.default_rng(3).random((200, 1))
    alone = measures.resampled_means(values, np.arange(200), 1)
    copies = measures.resampled_means(np.repeat(values, 10, axis=0), np.repeat(np.arange(200), 10), 1)
    assert copies == pytest.approx(alone)


def test_a_paired_difference_is_surer_than_two_intervals() -> None:
    first = np.random.default_rng(3).random(500)
    drawn = measures.resampled_means(np.column_stack([first, first + 0.01]), np.arange(500), 1)
    difference = measures.interval(0.01, drawn[:, 1] - drawn[:, 0])
    assert (difference.low, difference.high) == (pytest.approx(0.01), pytest.approx(0.01))


def test_different_categories_of_a_list() -> None:
    category_of = np.array([0, 0, 1, 2, -1])
    assert measures.categories(np.array([[0, 1, 2], [4, -1, -1]]), category_of) == pytest.approx((2 + 0) / 2)
    assert measures.categories(np.array([[3, 2, 0]]), category_of) == 3
    assert measures.categories(np.empty((0, 3), np.int64), category_of) == 0
