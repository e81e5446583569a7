"""Centres that move on with the users that are met."""

import numpy as np
import orjson
import pytest

from shoplab.segments.features import Scaling
from shoplab.segments.kmeans import SegmentModel
from shoplab.segments.moving import MOST_WEIGHT, Centres, as_published, moved


@pytest.fixture
def model() -> SegmentModel:
    """Two centres, 10 apart, of 100 users each."""
    scaling = Scaling(("month_events", "cart_rate"), (0.0, 0.0), (0.0, 0.0), (1.0, 1.0))
    return SegmentModel(scaling, ((0.0, 0.0), (10.0, 0.0)), ({}, {}), ("left", "right"), ("", ""), "x", 7, 200)


def users(*places: tuple[float, float]) -> np.ndarray:
    return np.array(places)


def test_a_centre_is_the_running_mean_of_its_users(model: SegmentModel) -> None:
    """100 users at 0, then 100 whose mean is 2: their mean is 1. Whatever the size of the batches."""
    start = as_published("v1", model)
    fresh = users(*[(1.0, 0.0), (3.0, 0.0)] * 50)
    once = moved(start, fresh)
    assert once.now.tolist() == [[1.0, 0.0], [10.0, 0.0]]
    assert once.weights.tolist() == [200.0, 100.0]
    twice = moved(moved(start, fresh[:50]), fresh[50:])
    np.testing.assert_allclose(twice.now, once.now)
    assert (once.number, twice.number) == (1, 2)


def test_drift_is_told_in_the_spread_of_a_centres_users(model: SegmentModel) -> None:
    """From 0 to 1, with users 1 to either side of that."""
    once = moved(as_published("v1", model), users(*[(1.0, 0.0), (3.0, 0.0)] * 50))
    assert once.spread[0] == pytest.approx(np.sqrt(2.0))  # distances 0 and 2
    assert once.drift(model).tolist() == pytest.approx([1 / np.sqrt(2.0), 0.0])
    assert as_published("v1", model).drift(model).tolist() == [0.0, 0.0]


def test_where_users_stay_what_they_were_centres_stay_too(model: SegmentModel) -> None:
    centres, rng = as_published("v1", model), np.random.default_rng(3)
    for _ in range(50):
        some = model.matrix[rng.integers(2, size=200)] + rng.normal(size=(200, 2))
        centres = moved(centres, some)
    assert centres.drift(model).max() < 0.1


def test_what_is_long_ago_is_forgotten(model: SegmentModel) -> None:
    centres = as_published("v1", model)
    for _ in range(60):
        centres = moved(centres, np.full((2_000, 2), 2.0))
    assert centres.weights.max() == MOST_WEIGHT
    assert centres.now[0].tolist() == pytest.approx([2.0, 2.0], abs=0.05)


def test_stored_and_read_it_is_the_same(model: SegmentModel) -> None:
    centres = moved(as_published("v1", model), users((1.0, 2.0)))
    again = Centres.from_dict(orjson.loads(orjson.dumps(centres.to_dict())))
    assert (again.base, again.number) == ("v1", 1)
    np.testing.assert_array_equal(again.now, centres.now)
