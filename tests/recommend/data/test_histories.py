"""Cases out of a log, and histories as arrays."""

import numpy as np

from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.histories import Histories, of_users, prefixes
from tests.recommend.logs import log_of

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


def test_weights_fade_with_newer_events() -> None:
    histories = of_users(LOG, np.array([0]))
    weights = histories.matrix(len(LOG.products), 0.5)
    assert dict(zip(weights.indices.tolist(), weights.data.tolist(), strict=True)) == {
        LOG.products.index["p1"]: 3 + 0.5**4, LOG.products.index["p2"]: 0.5**3,
        LOG.products.index["s1"]: 5 * 0.5**2, LOG.products.index["s2"]: 0.5,
    }  # fmt: skip
