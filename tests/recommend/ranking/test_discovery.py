"""What nobody need be told of: lists of products that a case has not met, and the blend that learned to make them."""

from dataclasses import replace

import numpy as np
import pytest

from shoplab.recommend.data.arrays import Bools, Ints
from shoplab.recommend.data.cases import cases_next_item, unmet
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.data.log import Log
from shoplab.recommend.ranking.blend import DISCOVERY
from shoplab.recommend.ranking.fit import fit, ndcg
from shoplab.recommend.ranking.ranker import Ranker
from shoplab.recommend.sources.popularity import Popularity
from tests.recommend.logs import log_of, products_of

SERIES, PARTS = 20, 6
TOP = 20
PRODUCTS = products_of([f"x{number}" for number in range(SERIES * PARTS)])


def visits_of_series(visits: int, seed: int) -> Log:
    """Visits go through a series part by part, and back to the part before after every step. Some series are liked
    more than others: what is popular is seldom what comes next.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(visits):
        series, first = int(SERIES * rng.random() ** 2), int(rng.integers(PARTS - 3))
        parts = [series * PARTS + first + step for step in (0, 1, 0, 2, 1, 3)]
        rows.append((f"u{number % 50}", " ".join(f"x{part}" for part in parts)))
    return log_of(*rows, products=PRODUCTS, days=0.05)


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return fit(visits_of_series(900, 1), "next-item", rank=4)


@pytest.fixture(scope="module")
def asked() -> tuple[Histories, Ints]:
    """Cases, and which of them met something new next."""
    histories, targets, _, _ = cases_next_item(visits_of_series(60, 2))
    return histories, np.flatnonzero(np.diff(unmet(targets, histories).indptr))


def listed_and_met(histories: Histories, lists: Ints) -> Bools:
    owners = np.repeat(np.arange(len(lists)), lists.shape[1])
    return (histories.hold(owners, lists.ravel()) & (lists.ravel() >= 0)).reshape(lists.shape)


def test_no_list_holds_what_was_met(ranker: Ranker, asked: tuple[Histories, Ints]) -> None:
    histories, _ = asked
    assert listed_and_met(histories, ranker.recommend(histories, TOP)[0]).any()
    lists, scores = ranker.recommend(histories, TOP, new=True)
    assert not listed_and_met(histories, lists).any()
    assert (lists >= 0).all()
    assert (np.diff(scores) <= 0).all()
    np.testing.assert_array_equal(ranker.rankings(histories, TOP)[DISCOVERY], lists)


def test_it_learned_what_comes_next_and_popularity_does_not_know(ranker: Ranker, asked: tuple[Histories, Ints]) -> None:
    histories, new = asked
    targets = cases_next_item(visits_of_series(60, 2))[1]
    assert ranker.discovery
    alone = replace(ranker, validation_of_new={})
    assert alone.default_for_new == DISCOVERY
    found = alone.recommend(histories, TOP, new=True)[0]
    popular = popular_and_new(ranker, histories)
    by_itself, by_popularity = (ndcg(lists, targets)[new].mean() for lists in (found, popular))
    assert by_itself > 0.9
    assert by_popularity < 0.3


def popular_and_new(ranker: Ranker, histories: Histories) -> Ints:
    lists = ranker.rankings(histories, TOP + int(histories.lengths().max()))[Popularity.name]
    met = listed_and_met(histories, lists)
    return np.take_along_axis(lists, np.argsort(met, axis=1, kind="stable"), axis=1)[:, :TOP]


def test_the_blend_that_did_better_on_the_holdout_answers(ranker: Ranker, asked: tuple[Histories, Ints]) -> None:
    histories, _ = asked
    assert ranker.validation_of_new.keys() == {*ranker.validation, DISCOVERY}
    worse = replace(ranker, validation_of_new={DISCOVERY: 0.1, ranker.default: 0.2})
    for one in (worse, replace(ranker, discovery=None)):
        assert one.default_for_new == ranker.default
        lists, _ = one.recommend(histories, TOP, new=True)
        long = ranker.recommend(histories, TOP + int(histories.lengths().max()))[0]
        order = np.argsort(listed_and_met(histories, long), axis=1, kind="stable")[:, :TOP]
        np.testing.assert_array_equal(lists, np.take_along_axis(long, order, axis=1))
