import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplab.core.errors import LabError
from shoplab.recommend.data.histories import UserContext
from shoplab.recommend.job import fit_recommender
from shoplab.recommend.model.files import load, save
from shoplab.recommend.model.recommender import Recommendation, Recommender
from shoplab.recommend.ranking.blend import DISCOVERY, FixedBlend, LearnedBlend
from shoplab.recommend.ranking.ranker import Ranker
from shoplab.recommend.ranking.trees import Trees
from tests.data import event_frame
from tests.recommend.local_storage import LocalStorage
from tests.recommend.planted_shop import event


def tastes(items: list[Recommendation]) -> list[str]:
    return [item.product_id[0] for item in items]


def test_known_users_get_their_taste(model: Recommender) -> None:
    users = [UserContext(user_id) for user_id in model.shoppers.ids]
    for user, items in zip(users, model.recommend(users, 5), strict=True):
        assert tastes(items) == [user.user_id[0]] * 5


def test_parts_add_up_and_the_best_comes_first(model: Recommender) -> None:
    users = [UserContext("p0"), UserContext("new", None, [("s1", "view")]), UserContext("x")]
    for blend in (model, fixed(model, 0.2, 0.3, 0.5)):
        for items in blend.recommend(users):
            assert [item.score for item in items] == sorted((item.score for item in items), reverse=True)
            for item in items:
                assert item.score == pytest.approx(item.collaborative + item.content + item.segment, abs=1e-6)
                assert item.score == pytest.approx(sum(item.sources.values()), abs=1e-6)
                assert min(item.sources.values()) > 0


def fixed(model: Recommender, alpha: float, beta: float, gamma: float) -> Recommender:
    """The same with the formula in place of the trees."""
    blend = FixedBlend(alpha, beta, gamma)
    return dataclasses.replace(model, ranker=dataclasses.replace(model.ranker, fixed=blend, learned=None))


def test_bought_products_are_left_out(model: Recommender, shop: DataFrame) -> None:
    bought = {(row.user_id, row.product_id) for row in shop.where("event_type = 'purchase'").collect()}
    users = [UserContext(user_id) for user_id in model.shoppers.ids]
    given = {(user.user_id, item.product_id) for user, items in zip(users, model.recommend(users, 30), strict=True)
             for item in items}  # fmt: skip
    assert len(bought) == 40
    assert not bought & given
    assert len(given) == 40 * 29  # all else, seen or not, can be had
    live = model.recommend([UserContext("p0", None, [("p1", "purchase")])], 30)[0]
    assert "p1" not in {item.product_id for item in live}


def test_newcomer_gets_their_taste_after_the_first_click(model: Recommender) -> None:
    for taste in "ps":
        items = model.recommend([UserContext("nobody", None, [(f"{taste}2", "view")])], 5)[0]
        assert tastes(items) == [taste] * 5
        assert items != model.recommend([UserContext("nobody")], 5)[0]


def test_newcomer_without_events_gets_what_is_popular(model: Recommender) -> None:
    everybody, runner, lost = model.recommend(
        [UserContext("nobody"), UserContext("nobody", 1), UserContext("nobody", 77, [("unheard of", "view")])], 5
    )
    assert tastes(runner) == ["s"] * 5
    assert {item.why for item in runner} == {"popular among runners"}
    assert everybody == lost
    assert {item.why for item in everybody} == {"popular in the shop"}
    assert all(item.collaborative == item.content == 0 for item in everybody)


def test_live_events_change_a_known_users_taste(model: Recommender) -> None:
    switched = UserContext("p0", None, [(f"s{i}", "cart") for i in range(14)] * 2)
    assert "s" in tastes(model.recommend([switched], 3)[0])


def test_the_reason_is_what_the_largest_source_says(model: Recommender) -> None:
    visitor = UserContext("nobody", None, [("p1", "view"), ("s1", "cart")])
    said: dict[str, set[str]] = {}
    for weights in ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)):
        for item in fixed(model, *weights).recommend([visitor], 30)[0]:
            said.setdefault(max(item.sources, key=item.sources.__getitem__), set()).add(item.why)
    assert said["content"] == {"like xiaomi smartphones you viewed", "like nike shoes you put in your cart"}
    known = {
        "recent": {"you viewed it lately", "it is still in your cart"},
        "covisits": {"often seen with nike shoes you put in your cart"},
        "neighbours": {"chosen by shoppers with visits like yours"}, "als": {"chosen by shoppers with your habits"},
        "segment popularity": {"popular in the shop"}, "popularity": {"popular in the shop"},
    }  # fmt: skip
    assert "recent" in said
    for source in set(said) - {"content"}:
        assert said[source] <= known[source]


def test_only_what_is_new_where_that_is_asked_for(model: Recommender) -> None:
    """Known users, live ones, a visitor with more events than the sources look at."""
    users = [UserContext(user_id) for user_id in model.shoppers.ids[:6]]
    users += [UserContext("p0", None, [("p1", "view"), ("s2", "cart")]), UserContext("x")]
    users.append(UserContext("many", None, [(f"p{number}", "view") for number in range(15)] + [("s1", "view")] * 20))
    with_trees = dataclasses.replace(model, ranker=discovering(model.ranker))
    for one in (model, with_trees):
        for user, items in zip(users, one.recommend(users, 30, new=True), strict=True):
            met = {product for product, _ in user.recent}
            if user.user_id in model.shoppers.index:
                history, _ = model.shoppers.history(model.shoppers.index[user.user_id])
                met |= {model.products[item].product_id for item in history.tolist()}
            assert {item.product_id for item in items} == set(model.products.ids) - met
            assert [item.score for item in items] == sorted((item.score for item in items), reverse=True)
            for item in items:
                assert item.score == pytest.approx(item.collaborative + item.content + item.segment, abs=1e-6)
                assert item.score == pytest.approx(sum(item.sources.values()), abs=1e-6)
    assert with_trees.recommend(users, 30, new=True) != model.recommend(users, 30, new=True)
    assert with_trees.recommend(users, 30) == model.recommend(users, 30)


def discovering(ranker: Ranker) -> Ranker:
    """The same with trees for what is new, that learned next to nothing."""
    blend = LearnedBlend(any_trees(len(ranker.finder.columns.names)))
    return dataclasses.replace(ranker, discovery=blend, validation_of_new={DISCOVERY: 1.0})


@cache
def any_trees(columns: int) -> Trees:
    table = np.random.default_rng(1).random((500, columns), dtype=np.float32)
    return Trees.fit(table, table[:, :3].mean(axis=1) > 0.5, np.ones(len(table)), seed=1)


def test_batches_do_not_change_answers(model: Recommender) -> None:
    users = [UserContext(f"n{i}", i % 2, [("ps"[i % 3 % 2] + str(i % 15), "view")]) for i in range(300)]
    together = model.recommend(users, 3)
    assert len(together) == 300
    for i in (0, 7, 150, 299):
        alone = model.recommend([users[i]], 3)[0]
        assert [item.product_id for item in alone] == [item.product_id for item in together[i]]
    assert model.recommend([], 3) == []


def test_saved_and_loaded_it_answers_the_same(model: Recommender, tmp_path: Path) -> None:
    users = [UserContext("p0"), UserContext("s1", None, [("p3", "view")]), UserContext("new", 1), UserContext("x")]
    path = str(tmp_path / "version=7")
    model = dataclasses.replace(model, ranker=discovering(model.ranker))
    save(model, LocalStorage(), path)
    loaded = load(LocalStorage(), path)
    assert loaded.version == "7"
    assert loaded.recommend(users, 8) == model.recommend(users, 8)
    assert loaded.recommend(users, 8, new=True) == model.recommend(users, 8, new=True)
    assert loaded.product("p1") == model.product("p1")
    assert loaded.product("p1").brand == "xiaomi"  # type: ignore[union-attr]
    assert loaded.product("unheard of") is None
    assert ("p0" in loaded.shoppers.index, "nobody" in loaded.shoppers.index) == (True, False)


@pytest.mark.parametrize("engine", ["spark", "implicit"])
def test_smallest_shop(spark: SparkSession, engine: str) -> None:
    rows = [event("u", "p1"), event("v", "p1", "remove_from_cart"), event("v", "s1", "remove_from_cart")]
    model, pairs = fit_recommender(event_frame(spark, *rows), None, engine, rank=2)  # type: ignore[arg-type]
    assert pairs == 1
    assert [item.product_id for item in model.recommend([UserContext("u")])[0]] == ["p1"]  # nobody wanted s1
    unknown = [UserContext("w", None, recent) for recent in ([], [("s1", "refund")])]
    assert model.recommend(unknown)[0] == model.recommend(unknown)[1]
    assert model.recommend([UserContext("w", None, [("p1", "purchase"), ("s1", "purchase")])]) == [[]]


def test_nothing_to_learn_from_is_said(spark: SparkSession) -> None:
    with pytest.raises(LabError, match="no views, carts or purchases"):
        fit_recommender(event_frame(spark, event("u", "p1", "remove_from_cart")), None)
