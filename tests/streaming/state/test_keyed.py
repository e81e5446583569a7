import numpy as np
import pytest

from shoplab.streaming.state.generations import Generations
from shoplab.streaming.state.keyed import Keyed, mixed
from shoplab.streaming.state.settled import Settled

RANDOM = np.random.default_rng(1)


def keys(count: int) -> np.ndarray:
    return np.unique(RANDOM.integers(-(1 << 63), (1 << 63) - 1, count))


@pytest.mark.parametrize("alike", [False, True], ids=["hashes", "all in one slot"])
def test_what_went_in_is_found_through_every_growth(alike: bool) -> None:
    table, parts = Keyed({"n": ("i4", 7)}), [keys(1500) for _ in range(4)]
    if alike:
        parts = [np.arange(part * 400, part * 400 + 400) << 32 for part in range(4)]
    for number, part in enumerate(parts):
        places, new = table.place(part)
        assert new.all()
        assert (table["n"][places] == 7).all()
        table["n"][places] = number
    for number, part in enumerate(parts):
        assert (table["n"][table.find(part)] == number).all()
    assert (table.find(np.array([1, 2, 3])) == -1).all()
    assert len(table) == sum(map(len, parts))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.arange(1_000), "<u2"),
        (np.arange(1_000) - (1 << 62), "<u2"),
        (np.array([1 << 62, -(1 << 62)] * 500), "<i8"),
        (1_572_480_000_000_000 + np.arange(1_000) * 3_000_000_000, "<u4"),
        (1_572_480_000_000_000 + np.arange(1_000) * 3_000_000_001, "<i8"),
        (np.full(1_000, 7), "|u1"),
    ],
    ids=["counts", "far back", "as far apart as can be", "whole seconds", "parts of seconds", "one number"],
)
def test_a_settled_table_has_the_same_rows_in_fewer_bytes(values: np.ndarray, kind: str) -> None:
    table, some = Keyed({"n": ("i8", 0), "paid": ("f8", 0.0)}), keys(1_000)
    places, _ = table.place(some)
    table["n"][places], table["paid"][places] = values, values / 3
    settled = Settled.of(table)
    there = settled.find(some)
    assert (settled.rows(there).keys == some).all()
    assert settled.rows(there).columns["n"].dtype == np.int64
    assert (settled.rows(there).columns["n"] == values).all()
    assert (settled.rows(there).columns["paid"] == values / 3).all()
    assert (settled.find(keys(100)) == -1).all()
    assert settled.arrays["=n"].dtype.str == kind


@pytest.mark.parametrize("count", [1, 2, 50, 20_000])
def test_a_settled_table_finds_all_and_nothing_else(count: int) -> None:
    table, some = Keyed({}), np.unique([*keys(count), -(1 << 63), (1 << 63) - 1])
    table.append(RANDOM.permutation(some))
    settled = Settled.of(table)
    assert (settled.find(some) == np.arange(len(some))).all()
    others = np.setdiff1d(np.concatenate([some[:-1] + 1, some[1:] - 1, keys(1_000)]), some)
    assert (settled.find(others) == -1).all()


def test_keys_that_begin_alike_are_found() -> None:
    table, some = Keyed({}), np.arange(300)
    table.append(some)
    assert (Settled.of(table).find(np.append(some, 300)) == np.append(some, -1)).all()


def test_nothing_is_found_in_an_empty_settled_table() -> None:
    assert (Settled.of(Keyed({"n": ("i4", 0)})).find(keys(10)) == -1).all()


def test_changes_are_told_once() -> None:
    table, some = Keyed({"n": ("i4", 0)}), keys(100)
    table.place(some)
    assert len(table.changes().places) == 100
    assert len(table.changes().places) == 0
    table.place(some[:10])
    assert sorted(table.changes().keys) == sorted(some[:10])


def test_only_rows_not_met_for_long_are_forgotten() -> None:
    table, faithful = Generations({"n": ("i4", 0)}, size=50, most=2), keys(10)
    for visit in range(1, 20):
        table.turn()
        places, new = table.place(faithful)
        assert new.all() == (visit == 1)
        table.newest["n"][places] += 1
        assert (table.newest["n"][places] == visit).all()
        strangers = keys(30)
        table.place(strangers)
    assert len(table) <= 2 * 90


def test_mixed_keys_differ_by_place_and_value() -> None:
    some = keys(1000)
    made = [mixed(some, 1), mixed(some, 2), mixed(some, some[::-1]), mixed(some, 1, 2), mixed(some, 2, 1)]
    assert len(np.unique(np.concatenate(made))) == 5 * len(some)
