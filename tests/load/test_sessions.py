"""When shoppers ask for what: the schedule of an open loop, and its shapes."""

import numpy as np
import pytest

from shoplab.load.sessions import EVENT, LAND, Pool, Schedule, draw_pool, looking_only, make_schedule
from shoplab.load.shapes import SHAPES, factor, mean_factor


@pytest.fixture(scope="module")
def pool() -> Pool:
    return draw_pool(seed=1)


def schedule(pool: Pool, rate: float, seconds: float, shape: str = "steady") -> Schedule:
    return make_schedule(pool, rate, seconds, shape, seed=(1,))


def test_sessions_are_as_long_as_octobers(pool: Pool) -> None:
    """docs/generator.md: 4.6 events a session on average, 2 in the middle, 17 minutes; 96 % of the events are views."""
    session = np.repeat(np.arange(len(pool.first) - 1), np.diff(pool.first))
    events = np.bincount(session[pool.kind >= EVENT])
    assert events.mean() == pytest.approx(4.6, rel=0.1)
    assert np.median(events) == 2
    assert np.quantile(events, 0.99) > 25
    assert pool.duration.mean() == pytest.approx(17 * 60, rel=0.15)
    assert (pool.kind == EVENT).sum() / events.sum() == pytest.approx(0.96, abs=0.01)
    assert (pool.kind[pool.first[:-1]] == LAND).all()


def test_requests_come_at_the_rate_from_the_first_second_to_the_last(pool: Pool) -> None:
    by_second = np.bincount(schedule(pool, 500, 60).due.astype(int), minlength=60)
    assert by_second.mean() == pytest.approx(500, rel=0.05)
    assert by_second[:10].mean() == pytest.approx(by_second[-10:].mean(), rel=0.1)


def test_sessions_arrive_by_chance(pool: Pool) -> None:
    """Of a Poisson process the variance of counts is their mean: of the sessions' first requests, one a session."""
    asked = schedule(pool, 2_000, 100)
    arrivals = asked.due[asked.kind == LAND]
    counts = np.bincount((arrivals * 10).astype(int), minlength=1_000)
    assert counts.var() / counts.mean() == pytest.approx(1, abs=0.2)


def test_a_session_keeps_its_order_and_its_pauses(pool: Pool) -> None:
    asked = schedule(pool, 200, 120)
    assert (np.diff(asked.due) >= 0).all()
    kinds = [asked.kind[asked.session == session] for session in np.unique(asked.session)]
    assert all((kind[1:] != LAND).all() for kind in kinds)
    assert asked.is_last.sum() == len(kinds)
    assert max(len(kind) for kind in kinds) > 10


@pytest.mark.parametrize("shape", SHAPES)
def test_the_rate_follows_the_shape(pool: Pool, shape: str) -> None:
    asked = schedule(pool, 1_000, 50, shape)
    by_part = np.histogram(asked.due, 10, (0, 50))[0] / 5
    wanted = [1_000 * factor(shape, np.linspace(part, part + 0.0999, 20)).mean() for part in np.arange(10) / 10]
    assert by_part == pytest.approx(wanted, rel=0.15, abs=60)
    assert len(asked) == pytest.approx(50_000 * mean_factor(shape), rel=0.05)
    assert asked.phase.max() == len(SHAPES[shape]) - 1


def test_who_only_looks_asks_for_the_same_pages(pool: Pool) -> None:
    looking = looking_only(pool)
    assert (looking.kind == pool.kind[pool.kind < EVENT]).all()
    assert (looking.kind[looking.first[:-1]] == LAND).all()
    assert len(schedule(looking, 300, 20)) == pytest.approx(6_000, rel=0.1)
