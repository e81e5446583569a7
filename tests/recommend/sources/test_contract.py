"""What every source keeps to."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from shoplab.recommend.data.histories import Histories, of_users, prefixes
from shoplab.recommend.data.log import Log
from shoplab.recommend.data.products import Product
from shoplab.recommend.sources import SOURCES, Source, Training
from shoplab.recommend.sources.base import Newer
from shoplab.recommend.sources.popularity import decayed_demand
from tests.recommend.logs import log_of, products_of, two_tastes

IMPERSONAL = {"popularity"}  # the same lists for everybody
FOR_NEWCOMERS = {kind.name for kind in SOURCES if "popularity" in kind.name}  # lists also for who did nothing
NOBODY = np.empty(0, np.int16)


def fitted(kind: type[Source], log: Log) -> Source:
    """Segment 0 is who likes phones, 1 who likes shoes."""
    segments = np.array(["ps".find(user[0]) for user in log.user_ids], dtype=np.int16)
    return kind.fit(Training(log, segments, ("phone fans", "runners"), rank=2))


def asked(log: Log) -> Histories:
    return prefixes(log.visits(0, 20))[0]


@pytest.fixture(scope="module")
def log() -> Log:
    return two_tastes()


@pytest.fixture(scope="module", params=SOURCES, ids=lambda kind: kind.name)
def source(request: pytest.FixtureRequest, log: Log) -> Source:
    return fitted(request.param, log)


def test_lists_are_sorted_and_say_something(source: Source, log: Log) -> None:
    histories = asked(log)
    lists = source.lists(histories)
    assert lists.shape == (len(histories), 30)
    assert (np.diff(lists.indptr) > 0).all()
    for row in range(len(histories)):
        scores = lists.data[lists.indptr[row] : lists.indptr[row + 1]]
        assert (scores > 0).all()
        assert (np.diff(scores) <= 0).all()
        items = lists.indices[lists.indptr[row] : lists.indptr[row + 1]]
        assert len(set(items.tolist())) == len(items)


def test_the_best_is_of_the_users_taste(source: Source, log: Log) -> None:
    if source.name in IMPERSONAL:
        pytest.skip("the same for everybody")
    histories = asked(log)
    lists = source.lists(histories)
    best = lists.indices[lists.indptr[:-1]]
    np.testing.assert_array_equal(best >= 15, histories.newest() >= 15)


def test_a_case_gets_the_same_alone_and_among_others(source: Source, log: Log) -> None:
    histories = asked(log)
    together, alone = source.lists(histories), source.lists(histories.take(np.array([7])))
    np.testing.assert_allclose(alone.toarray()[0], together[7].toarray()[0], rtol=1e-5)


def test_stored_as_arrays_it_answers_the_same(source: Source, log: Log) -> None:
    again = type(source).of(source.arrays())
    np.testing.assert_array_equal(again.lists(asked(log)).toarray(), source.lists(asked(log)).toarray())
    assert all(array.dtype != object for array in source.arrays().values())


def test_grown_by_nothing_it_answers_the_same(source: Source, log: Log) -> None:
    nothing = csr_matrix((30, 30), dtype=np.float32)
    demand = np.zeros((3, 30), np.float32)
    newer = Newer(log.products, 1.0, demand, decayed_demand(log), nothing, nothing, np.empty((0, 2), np.float32))
    same = source.grown(newer).lists(asked(log))
    np.testing.assert_allclose(same.toarray(), source.lists(asked(log)).toarray(), rtol=1e-4, atol=1e-6)


def test_grown_by_a_product_it_lists_over_all(source: Source, log: Log) -> None:
    new = Product("pn", "id-p", "electronics.smartphone", "xiaomi", 310.0)
    nothing = csr_matrix((31, 31), dtype=np.float32)
    wanted = np.append(decayed_demand(log), np.float32(90.0))
    demand = np.zeros((3, 31), np.float32)
    demand[[0, 2], 30] = 90.0
    newer = Newer(log.products.extended([new]), 1.0, demand, wanted, nothing, nothing, np.ones((1, 2), np.float32))
    grown = source.grown(newer)
    lists = grown.lists(asked(log))
    assert lists.shape == (len(asked(log)), 31)
    assert source.lists(asked(log)).shape != lists.shape  # the one before stays as it is
    if "popularity" in source.name or source.name == "content":
        assert 30 in lists[0].indices
    np.testing.assert_array_equal(type(source).of(grown.arrays()).lists(asked(log)).toarray(), lists.toarray())


def test_who_did_nothing_gets_what_is_popular_or_nothing(source: Source, log: Log) -> None:
    nobody = of_users(log, np.array([-1, -1]))
    found = np.diff(source.lists(nobody).indptr)
    assert found.tolist() == ([30, 30] if source.name in FOR_NEWCOMERS else [0, 0])


@pytest.mark.parametrize("kind", SOURCES, ids=lambda kind: kind.name)
def test_odd_logs(kind: type[Source]) -> None:
    """One product, products of no category and brand, all-cold histories, users with thousands of events, nothing."""
    bare = log_of((None, "a"), (None, "b a b"), (None, "c a"))
    long = log_of(("u", " ".join(f"x{at % 3}" for at in range(5_000))), ("v", "x1 x2"))
    for log in (bare, long, log_of(("u", "p1"))):
        source = fitted(kind, log)
        known = source.lists(of_users(log, np.arange(len(log.user_ids))))
        assert np.isfinite(known.data).all()
        cold = replace(log_of((None, "new newer newest")), products=log.products)
        cold = replace(cold, items=np.full(3, -1, np.int32))
        assert source.lists(prefixes(cold)[0]).shape == (2, len(log.products))


@pytest.mark.parametrize("kind", SOURCES, ids=lambda kind: kind.name)
def test_an_empty_log(kind: type[Source]) -> None:
    empty = log_of(products=products_of(["p1", "s1"]))
    lists = fitted(kind, empty).lists(of_users(empty, np.array([-1])))
    assert lists.nnz == 0
