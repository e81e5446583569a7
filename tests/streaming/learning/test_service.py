"""Batches hand over what they have and go on; what waits is learned from at once."""

from threading import Event, Timer
from types import SimpleNamespace

import pandas as pd
import pytest

from shoplab.core.catalog import Catalog
from shoplab.core.schemas import SEGMENT
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.metrics.point import Point
from shoplab.recommend.model.increment_files import Increments
from shoplab.recommend.model.recommender import Recommender
from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.learning import service
from shoplab.streaming.learning.service import Batch, Learning
from tests.streaming.learning.shop import events, memory_catalog


class Slow:
    """Writes points, the first of them only when it is let."""

    def __init__(self) -> None:
        self.begun, self.may_go_on = Event(), Event()
        self.points: list[Point] = []

    def __call__(self, points: list[Point]) -> None:
        self.begun.set()
        self.may_go_on.wait(60)
        self.points += points

    def newest(self, field: str) -> float:
        return [point.fields[field] for point in self.points if field in point.fields][-1]  # type: ignore[return-value]


@pytest.fixture
def catalog() -> Catalog:
    return memory_catalog()


def give(learning: Learning, base: Recommender, number: int) -> None:
    """A batch of two views, one on a product that the model does not know."""
    arrived = f"2026-11-01T00:{number // 60:02}:{number % 60:02}+00:00"
    account = BatchAccount(
        batch=number, topic="t", offsets={}, rows=2, new=2, duplicates=0, rejected=0, filled=0, late=0, users=1,
        days={}, newest="", arrived=arrived, duration_ms=1, latency_p50_ms=1, latency_max_ms=1, steps_ms={},
    )  # fmt: skip
    rows = events(base, (f"u{number}", "p1 pn1"), after=60.0 * number)
    batch = Batch(account, rows, arrow_schema(SEGMENT).empty_table(), pd.DataFrame())
    learning.take(batch, SimpleNamespace(recommender=base, segmentation=None), lambda _: [])  # type: ignore[arg-type]


def waiting_behind_a_slow_one(base: Recommender, catalog: Catalog, batches: int) -> Slow:
    """All have been learned from when it returns."""
    slow = Slow()
    learning = Learning(catalog, slow)
    give(learning, base, 0)
    assert slow.begun.wait(60)
    for number in range(1, batches + 1):
        give(learning, base, number)  # none of them waits
    slow.may_go_on.set()
    learning.finish(60)
    return slow


def test_what_waits_is_learned_from_at_once_and_published_at_the_end(base: Recommender, catalog: Catalog) -> None:
    slow = waiting_behind_a_slow_one(base, catalog, 10)
    assert slow.newest("events") == 22
    assert slow.newest("skipped_batches") == 0
    assert slow.newest("unknown_share") == 0.5
    judged = {point.time for point in slow.points if point.measurement == "recommendation_quality"}
    assert len(judged) == 2  # the first batch, and the newest of those that waited
    increment = Increments(catalog).of(base)
    assert increment is not None
    assert (increment.batch, [product.product_id for product in increment.new]) == (10, ["pn1"])


def test_the_first_batch_of_a_stream_that_ends_at_once_is_published(base: Recommender, catalog: Catalog) -> None:
    learning, may_begin = Learning(catalog, lambda _: None), Event()
    learning._beside.do(lambda: may_begin.wait(60))
    give(learning, base, 0)
    Timer(0.5, may_begin.set).start()
    learning.finish(60)  # before anything is learned
    assert Increments(catalog).current() == (base.version, 1)


def test_of_too_many_the_oldest_are_left_out_and_counted(
    base: Recommender, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_WAITING", 20)
    slow = waiting_behind_a_slow_one(base, catalog, 15)
    assert slow.newest("events") == 2 + 20
    assert slow.newest("skipped_batches") == 5
