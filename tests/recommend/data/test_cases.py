"""Cases out of logs: nothing that is sought may be told."""

import numpy as np

from shoplab.recommend.data.cases import cases_next_item, cases_next_month, is_target, split, validation_cases
from shoplab.recommend.data.log import Log
from tests.recommend.logs import log_of, two_tastes

TRAIN = log_of(("a", "p1 p2 s1"), ("b", "s1 s2"), (None, "p1 p2"))
SEGMENTS = np.array([1, 0])


def sought(targets: object, log: Log, case: int) -> set[str]:
    row = targets[case]  # type: ignore[index]
    return {log.products[item].product_id for item in row.indices}


def test_every_item_of_a_visit_from_the_second_on_is_sought() -> None:
    test = log_of((None, "p1 new s2"), (None, "p2"), products=TRAIN.products)
    histories, targets, visits, positions = cases_next_item(test)
    assert (visits.tolist(), positions.tolist()) == ([0, 0], [2, 3])
    assert [sought(targets, TRAIN, case) for case in range(2)] == [set(), {"s2"}]  # nobody knows "new"
    assert histories.lengths().tolist() == [1, 1]  # and it tells nothing


def test_all_that_a_user_meets_in_the_month_is_sought_newcomers_included() -> None:
    test = log_of(("b", "p1 p1 new other"), ("c", "s2"), products=TRAIN.products)
    histories, targets, users, unreachable = cases_next_month(TRAIN, test)
    assert users == ("b", "c")
    assert [sought(targets, TRAIN, case) for case in range(2)] == [{"p1"}, {"s2"}]
    assert unreachable.tolist() == [2, 0]
    assert histories.lengths().tolist() == [2, 0]
    assert histories.known.tolist() == [TRAIN.user_ids.index("b"), -1]


def test_the_newest_visits_are_kept_for_validation() -> None:
    log = two_tastes()
    for protocol in ("next-item", "live", "next-month"):
        earlier, later = split(log, protocol)  # type: ignore[arg-type]
        assert len(earlier) + len(later) == len(log)
        assert 0 < len(later) <= 0.26 * len(log)
        assert earlier.now < later.times.min()
    assert split(log_of(), "live")[1].now == 0.0


def test_live_cases_have_earlier_visits_too() -> None:
    earlier, later = TRAIN.visits(0, 2), log_of(("a", "s2 p1"), products=TRAIN.products)
    visits = (later.visit_ids, np.array([0]), later.starts, later.items, later.kinds, later.times)
    later = Log(TRAIN.products, TRAIN.feedback, TRAIN.user_ids, *visits)
    live = validation_cases(earlier, later, "live", SEGMENTS, 7)
    assert [sought(live.targets, TRAIN, case) for case in range(2)] == [{"s2"}, {"p1"}]
    assert live.histories.lengths().tolist() == [3, 4]
    assert live.histories.segments.tolist() == [1, 1]
    alone = validation_cases(earlier, later, "next-item", SEGMENTS, 7)
    assert alone.histories.lengths().tolist() == [1]


def test_whether_a_product_is_sought() -> None:
    targets = cases_next_item(log_of((None, "p1 s2 p2"), products=TRAIN.products))[1]
    item = TRAIN.products.index
    asked = np.array([item["s2"], item["p2"], item["p2"]])
    assert is_target(targets, np.array([0, 0, 1]), asked).tolist() == [True, False, True]
