"""What is learned is what a training on all events would have learned, as far as it is said to be."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import random

from shoplab.recommend.data.histories import UserContext
from shoplab.recommend.data.log import Log
from shoplab.recommend.model.increment import apply, nothing
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.sources.als import Factors, fold_in, fold_in_items
from shoplab.recommend.sources.popularity import Popularity, decayed_demand
from shoplab.recommend.sources.segment_popularity import SegmentPopularity
from shoplab.streaming.learning.learner import Learner
from tests.recommend.logs import log_of, products_of, two_tastes
from tests.streaming.learning.shop import WEEK, events, trained


@pytest.fixture
def learner(base: Recommender) -> Learner:
    return Learner(base, nothing(base))


def listed(model: Recommender, user: UserContext, k: int = 20) -> list[str]:
    return [item.product_id for item in model.recommend([user], k)[0]]


def test_demand_halves_with_its_half_life(base: Recommender, learner: Learner) -> None:
    learner.learn(0, events(base, ("x", "p1"), after=0), {})
    learner.learn(1, events(base, ("x", "p2"), after=WEEK), {})
    demand = learner.increment(1).demand.toarray()[-1]
    assert demand[[base.products.index["p1"], base.products.index["p2"]]].tolist() == pytest.approx([0.5, 1.0])


def test_popularity_is_as_if_trained_on_all_events() -> None:
    """Also by segment, and over a restart in the middle."""
    whole = two_tastes()
    base = trained(whole.visits(0, 60))
    learner = Learner(base, nothing(base))
    learner.learn(0, rows_of(base, whole.visits(60, 90)), {})
    learner = Learner(base, learner.increment(1))
    learner.learn(1, rows_of(base, whole.visits(90, 120)), {})
    again, found = trained(whole), apply(base, learner.increment(2))
    for kind in (Popularity, SegmentPopularity):
        learned, fitted = (source_of(model, kind).scores for model in (found, again))
        np.testing.assert_allclose(learned, fitted, atol=2e-4)
    before = source_of(base, Popularity).scores
    assert np.abs(before - source_of(again, Popularity).scores).max() > 0.05  # so that the test can fail


def rows_of(base: Recommender, log: Log) -> pa.Table:
    """EVENT rows of a log's views, at their own times."""
    parts = [
        events(base, (log.user_ids[log.users[visit]], log.products[item].product_id), after=time - base.until)
        for visit, item, time in zip(log.visit_of.tolist(), log.items.tolist(), log.times.tolist(), strict=True)
    ]
    return pa.concat_tables(parts)


def source_of(model: Recommender, kind: type) -> Any:
    [source] = [source for source in model.ranker.finder.sources if isinstance(source, kind)]
    return source


def test_a_new_product_shows_from_its_second_click_on(base: Recommender, learner: Learner) -> None:
    asked = UserContext("stranger", None, [("p1", "view")])
    learner.learn(0, events(base, ("x", "p1 pn1")), {})
    once = apply(base, learner.increment(1))
    assert "pn1" not in once.products.index
    learner.learn(1, events(base, ("y", "p1 pn1"), after=120), {})
    twice = apply(base, learner.increment(2))
    assert "pn1" in listed(twice, asked)
    assert twice.product("pn1").brand == "xiaomi"  # type: ignore[union-attr]
    assert "pn1" not in base.products.index
    again = twice.recommend([UserContext("other", None, [("pn1", "view"), ("pn1", "cart")])], 10)[0]
    assert {item.product_id[0] for item in again} == {"p"}  # what goes with it


def test_a_batch_that_was_learned_before_a_restart_is_not_learned_twice(base: Recommender, learner: Learner) -> None:
    learner.learn(3, events(base, ("x", "p1 pn1 pn1")), {})
    first = learner.increment(1)
    resumed = Learner(base, first)
    resumed.learn(3, events(base, ("x", "p1 pn1 pn1")), {})
    second = resumed.increment(2)
    np.testing.assert_allclose(second.demand.toarray(), first.demand.toarray(), rtol=1e-6)
    np.testing.assert_allclose(second.pairs.toarray(), first.pairs.toarray(), rtol=1e-6)
    assert (second.new, second.batch) == (first.new, 3)


def test_an_increment_of_another_version_is_ignored(base: Recommender, learner: Learner) -> None:
    learner.learn(0, events(base, ("x", "pn1 pn1")), {})
    other = replace(base, version="v2")
    assert apply(other, learner.increment(1)) is other
    assert apply(base, learner.increment(1)) is not base


def test_an_increment_of_nothing_changes_no_list(base: Recommender) -> None:
    users = [UserContext(user) for user in base.shoppers.ids[:20]] + [UserContext("x", 1, [("p3", "view")])]
    same = apply(base, nothing(base))
    for mine, theirs in zip(same.recommend(users), base.recommend(users), strict=True):
        assert [(i.product_id, i.why) for i in mine] == [(i.product_id, i.why) for i in theirs]
        assert [i.score for i in mine] == pytest.approx([i.score for i in theirs], abs=1e-5)


def test_segments_of_the_stream_count_for_newcomers(base: Recommender, learner: Learner) -> None:
    learner.learn(0, events(base, ("x", "s1"), ("y", "s1")), {"x": 1})
    demand = learner.increment(1).demand.toarray()
    column = base.products.index["s1"]
    assert demand[:, column].tolist() == pytest.approx([0.0, 1.0, 2.0], abs=1e-4)


def test_more_co_visits_bring_a_product_up(base: Recommender, learner: Learner) -> None:
    """Nobody who met p1 went on to shoes before."""
    asked = UserContext("stranger", None, [("p1", "view")])
    rows = [(f"n{at}", "p1 s7") for at in range(40)]
    learner.learn(0, events(base, *rows), {})
    assert "s7" not in listed(base, asked)
    assert "s7" in listed(apply(base, learner.increment(1)), asked)


def test_an_items_vector_is_that_of_the_same_step_for_users() -> None:
    """`implicit`'s own solver, with users and items exchanged."""
    rng = np.random.default_rng(5)
    factors = Factors(rng.normal(size=(30, 4)).astype(np.float32), rng.normal(size=(20, 4)).astype(np.float32), "")
    met = random(6, 30, 0.2, "csr", np.float32, rng)
    exchanged = Factors(factors.item_factors, factors.user_factors, "")
    found = fold_in_items(factors, factors.user_factors, met)
    np.testing.assert_allclose(found, fold_in(exchanged, met), rtol=1e-3, atol=1e-4)


def test_a_new_product_that_known_users_met_has_a_vector(base: Recommender, learner: Learner) -> None:
    fans = [user for user in base.shoppers.ids if user[0] == "p"]
    learner.learn(0, events(base, *((user, "pn1") for user in fans)), {})
    [vector] = learner.increment(1).factors
    known = base.factors
    likes = known.user_factors @ vector
    of_phones = np.array([user[0] == "p" for user in base.shoppers.ids])
    assert likes[of_phones].min() > likes[~of_phones].max()


def test_decayed_demand_is_told_again_from_scores() -> None:
    log = two_tastes()
    base = trained(log)
    np.testing.assert_allclose(source_of(base, Popularity).demand, decayed_demand(log), rtol=1e-3)


def test_a_shop_with_nothing_new(base: Recommender, learner: Learner) -> None:
    learner.learn(0, events(base, ("x", "p1"), kind="remove_from_cart"), {})
    assert (learner.batch, learner.events) == (-1, 0)
    bare = trained(log_of(("u", "p1 p2"), products=products_of(["p1", "p2"])))
    few = Learner(bare, nothing(bare))
    few.learn(0, events(bare, ("u", "zz zz p1")), {})
    assert "zz" in listed(apply(bare, few.increment(1)), UserContext("u"))
