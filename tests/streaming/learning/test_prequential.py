"""Lists are judged by events that nothing was learned from yet."""

import numpy as np
import pytest

from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.histories import UserContext
from shoplab.recommend.model.recommender import Recommender
from shoplab.streaming.learning.cases import Case, sample
from shoplab.streaming.learning.gate import paired
from shoplab.streaming.learning.prequential import (
    ALL,
    BASE,
    NEWCOMERS,
    POPULAR,
    SERVED,
    WINDOW_S,
    Judged,
    Window,
    figures,
    judge,
    ranks_of,
)
from tests.streaming.learning.shop import events


def one(rank: int, base: int = 0, at: float = 0.0, segment: str = "phone fans", increment: int = 1) -> Judged:
    return Judged(at, segment, increment, {SERVED: rank, BASE: base, POPULAR: 0})


def test_figures_are_those_counted_by_hand() -> None:
    """Places 1, 4 and none: hit 2/3, MRR (1 + 1/4 + 0) / 3."""
    found = figures([one(1), one(4), one(0)], SERVED)
    assert found == (3, pytest.approx(2 / 3), pytest.approx(1.25 / 3))
    assert figures([], SERVED) == (0, 0.0, 0.0)


def test_a_place_is_that_of_the_list_that_is_shown(base: Recommender) -> None:
    user = UserContext("stranger", None, [("p1", "view"), ("p2", "cart")])
    shown = [item.product_id for item in base.recommend([user], 20)[0]]
    cases = [Case(user, product) for product in [*shown, "unheard of"]]
    assert ranks_of(base, cases).tolist() == [*range(1, len(shown) + 1), 0]
    [best] = judge([Case(UserContext("x"), base.recommend([UserContext("x")], 1)[0][0].product_id)], base, base, 7.0)
    assert best.ranks == {SERVED: 1, BASE: 1, POPULAR: 1}


def test_only_the_last_quarter_of_an_hour_counts_by_segment() -> None:
    window = Window()
    window.add([one(1, at=0.0), one(0, at=1.0, segment="runners")])
    window.add([one(2, at=WINDOW_S, segment=NEWCOMERS)])
    found = {name: [judged.ranks[SERVED] for judged in some] for name, some in window.by_segment().items()}
    assert found == {ALL: [0, 2], "runners": [0], NEWCOMERS: [2]}


def test_a_case_is_what_was_done_before_the_event_and_nothing_later(base: Recommender) -> None:
    """All events of the batch are drawn: each knows those before it, of its own user only, and earlier batches'."""
    rows = events(base, ("a", "p1 p2 p3"), ("b", "s1"))
    backwards = rows.take([3, 2, 1, 0])  # a batch is in no order of time
    before = {"a": [("s9", "cart")]}
    cases = sample(backwards, CURRENT, lambda user: before.get(user, []), 10, seed=1)
    assert [(case.user.user_id, case.product_id, list(case.user.recent)) for case in cases] == [
        ("a", "p1", [("s9", "cart")]),
        ("a", "p2", [("s9", "cart"), ("p1", "view")]),
        ("a", "p3", [("s9", "cart"), ("p1", "view"), ("p2", "view")]),
        ("b", "s1", []),
    ]


def test_a_sample_is_bounded_even_and_the_same_again(base: Recommender) -> None:
    rows = events(base, *((f"u{at}", "p1 p2") for at in range(200)))
    drawn = [sample(rows, CURRENT, lambda _: [], 50, seed=4) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 50
    places = np.array([int(case.user.user_id[1:]) for case in drawn[0]])
    assert 60 < places.mean() < 140
    assert sample(events(base, ("u", "p1"), kind="remove_from_cart"), CURRENT, lambda _: [], 50, 4) == []


def test_the_sign_test_is_that_of_the_discordant_events() -> None:
    """12 lost, 2 gained: P(X >= 12 | 14, 1/2) = (91 + 14 + 1) / 2^14."""
    found = paired([*[one(0, 3)] * 12, *[one(3, 0)] * 2, *[one(1, 1)] * 50, one(0, 1, increment=0)])
    assert (found.cases, found.gained, found.lost) == (64, 2, 12)
    assert found.p == pytest.approx(106 / 2**14)
    assert not found.harms  # too few to decide
    assert paired([one(0, 3)] * 25 + [one(3, 0)] * 5).harms
    assert not paired([one(0, 3)] * 18 + [one(3, 0)] * 14).harms
    assert paired([]).p == 1.0
