"""Outside baselines on two planted tastes."""

import numpy as np
import pytest

from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.data.log import Log, build_log
from shoplab.recommend.data.products import Product, Products
from shoplab.recommend.evaluate.baselines import NAMES, fill_up, rank_baselines

PRODUCTS = 12


@pytest.fixture(scope="module")
def log() -> Log:
    """60 users: the even ones meet five of products 0 to 5, the odd ones of 6 to 11; product 11 in every visit."""
    rng = np.random.default_rng(5)
    met = [(user, [*rng.choice(6, 5, replace=False) + 6 * (user % 2), 11]) for user in range(60)]
    flat = [(f"u{user}", f"{item:02}") for user, items in met for item in items]
    users, items = zip(*flat, strict=True)
    products = Products(tuple(Product(f"{i:02}", None, None, None, None) for i in range(PRODUCTS)))
    count = len(flat)
    return build_log(products, users, users, items, np.zeros(count, np.int8), np.arange(count, dtype=np.float64))


def histories(known: list[int], met: list[tuple[int, int]]) -> Histories:
    owners, items = np.array(met, dtype=np.int64).reshape(-1, 2).T
    nothing = np.zeros(len(met), dtype=np.int64)
    count = len(known)
    none_seen = (np.empty(0, np.int64), np.empty(0, np.int64))
    users = (np.array(known), np.ones(count, bool), np.full(count, -1))
    return Histories(CURRENT, *users, owners, items, nothing, nothing, none_seen)


@pytest.mark.parametrize("by_user", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_finds_the_taste(log: Log, name: str, by_user: bool) -> None:
    """Case 0: a newcomer who met products 0 and 1; case 1 a user of the other taste; case 2 nothing known."""
    user = log.user_ids.index("u1")
    asked = histories([-1, user, -1], [(0, 0), (0, 1), (1, 7), (1, 8)])
    lists = rank_baselines(log, by_user, asked, 6, seed=3)[name]
    assert len(set(lists[0]) & set(range(6))) >= 5
    assert len(set(lists[1]) & set(range(6, 12))) >= 5
    assert lists[2, 0] == 11


def test_the_same_seed_gives_the_same_lists(log: Log) -> None:
    asked = histories([-1], [(0, 0)])
    first, again = (rank_baselines(log, True, asked, 6, seed=3) for _ in range(2))
    assert all((first[name] == again[name]).all() for name in NAMES)


def test_lists_are_filled_up_without_doubles() -> None:
    assert fill_up(np.array([[4, 2, -1, -1]]), np.array([2, 9, 4, 1])).tolist() == [[4, 2, 9, 1]]
    assert fill_up(np.array([[-1, -1]]), np.array([3])).tolist() == [[3, -1]]
