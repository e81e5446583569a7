"""Cases out of a log, and histories as arrays."""

import numpy as np

from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.histories import Histories, UserContext, of_users, prefixes, read_histories
from shoplab.recommend.data.shoppers import Shoppers
from tests.recommend.logs import log_of, products_of

LOG = log_of(("a", "p1 p2 s1*"), ("b", "p1"), ("a", "s2 p1+"))


def events(histories: Histories, case: int) -> list[tuple[str, str, int]]:
    """(product, kind, age) of a case, oldest first."""
    mine = histories.owners == case
    ids = LOG.products.ids
    rows = zip(histories.items[mine], histories.kinds[mine], histories.ages[mine], strict=True)
    return [(ids[item], CURRENT.types[kind], int(age)) for item, kind, age in rows]


def test_a_visit_is_cut_event_by_event() -> None:
    histories, places = prefixes(LOG)
    assert places.tolist() == [1, 2, 5]
    assert events(histories, 0) == [("p1", "view", 0)]
    assert events(histories, 1) == [("p1", "view", 1), ("p2", "view", 0)]
    assert events(histories, 2) == [("s2", "view", 0)]
    assert histories.live.all()


def test_with_a_past_the_first_event_is_a_case_too() -> None:
    histories, places = prefixes(LOG.visits(2, 3), LOG.visits(0, 2), depth=3)
    assert places.tolist() == [0, 1]
    assert events(histories, 0) == [("p1", "view", 2), ("p2", "view", 1), ("s1", "purchase", 0)]
    assert events(histories, 1) == [("p2", "view", 2), ("s1", "purchase", 1), ("s2", "view", 0)]
    assert histories.bought[0].tolist() == [0, 1]


def test_a_users_last_events_over_all_visits() -> None:
    histories = of_users(LOG, np.array([1, -1, 0]), depth=2)
    assert [events(histories, case) for case in range(3)] == [
        [("p1", "view", 0)], [], [("s2", "view", 1), ("p1", "cart", 0)]
    ]  # fmt: skip
    assert not histories.live.any()
    assert histories.newest().tolist() == [LOG.products.index["p1"], -1, LOG.products.index["p1"]]


def test_parts_of_a_batch() -> None:
    histories, _ = prefixes(LOG)
    for part in (histories.span(1, 3), histories.take(np.array([1, 2]))):
        assert [events(part, case) for case in range(2)] == [events(histories, 1), events(histories, 2)]
    assert events(histories.take(np.array([2])), 0) == events(histories, 2)


def test_met_is_also_what_stands_before_the_last_events() -> None:
    """The 21st last event tells the sources nothing, but its product is not new."""
    products = products_of([f"p{number}" for number in range(25)])
    nobody = Shoppers((), *(np.empty(0, np.int16), np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.int8)))
    users = [UserContext("a", None, [("p0", "view")]), UserContext("b", None, [(f"p{n}", "cart") for n in range(23)])]
    histories = read_histories(users, nobody, products, CURRENT)
    assert histories.lengths().tolist() == [1, 20]
    met = [[products.index[f"p{number}"] for number in numbers] for numbers in ((0, 1), (0, 1, 2, 3, 22, 23))]
    owners = np.repeat([0, 1], [2, 6])
    expected = [True, False, True, True, True, True, True, False]
    assert histories.hold(owners, np.concatenate(met)).tolist() == expected
    for part in (histories.span(1, 2), histories.take(np.array([1]))):
        assert part.hold(np.zeros(6, np.int64), np.array(met[1])).tolist() == expected[2:]


def test_weights_fade_with_newer_events() -> None:
    histories = of_users(LOG, np.array([0]))
    weights = histories.matrix(len(LOG.products), 0.5)
    assert dict(zip(weights.indices.tolist(), weights.data.tolist(), strict=True)) == {
        LOG.products.index["p1"]: 3 + 0.5**4, LOG.products.index["p2"]: 0.5**3,
        LOG.products.index["s1"]: 5 * 0.5**2, LOG.products.index["s2"]: 0.5,
    }  # fmt: skip
