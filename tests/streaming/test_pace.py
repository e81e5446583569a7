from dataclasses import replace

import pytest

from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.pace import FIRST, LEAST, MOST, Pace

BATCH = BatchAccount(
    batch=0, topic="t", offsets={}, rows=0, new=0, duplicates=0, rejected=0, filled=0, late=0, users=0,
    days={}, newest="", arrived="",
    duration_ms=0, latency_p50_ms=0, latency_max_ms=0, steps_ms={},
)  # fmt: skip


def paced(trigger_ms: int, batches: int, overhead_ms: float, events_per_s: float) -> Pace:
    """After so many full batches of a stream of that speed."""
    pace = Pace(trigger_ms)
    for _ in range(batches):
        took = round(overhead_ms + pace.limit / events_per_s * 1000)
        pace.take(replace(BATCH, rows=pace.limit, duration_ms=took))
        pace.changed()
    return pace


@pytest.mark.parametrize("events_per_s", [3_000, 30_000, 60_000])
def test_a_backlog_is_worked_off_in_batches_that_stay_under_the_trigger(events_per_s: int) -> None:
    pace = paced(8_000, 60, overhead_ms=200, events_per_s=events_per_s)
    assert 200 + pace.limit / events_per_s * 1000 <= 8_000
    assert pace.limit >= min(MOST, events_per_s * 2)


def test_a_stream_that_is_behind_takes_a_few_seconds_whatever_the_trigger() -> None:
    assert paced(500, 60, overhead_ms=400, events_per_s=30_000).limit >= 40_000


def test_a_fast_stream_takes_no_more_than_memory_is_made_for() -> None:
    assert paced(10_000, 60, overhead_ms=200, events_per_s=100_000).limit == MOST


def test_batches_of_the_limit_before_say_nothing_of_this_one() -> None:
    pace = paced(10_000, 3, overhead_ms=200, events_per_s=30_000)
    limit = pace.limit
    assert limit > FIRST / 0.75
    for _ in range(5):
        pace.take(replace(BATCH, rows=FIRST, duration_ms=1_800))
    assert (pace.changed(), pace.limit) == (False, limit)


def test_a_stream_that_cannot_keep_up_takes_little_at_a_time() -> None:
    assert paced(500, 60, overhead_ms=5_000, events_per_s=1_000).limit == LEAST


def test_batches_that_were_not_full_say_nothing() -> None:
    pace = Pace(1_000)
    for _ in range(10):
        pace.take(replace(BATCH, rows=FIRST // 10, duration_ms=50_000))
    assert not pace.changed()


def test_one_slow_batch_changes_nothing() -> None:
    pace = Pace(1_000)
    for took in (3_000, 9_000, 3_000):
        pace.take(replace(BATCH, rows=FIRST, duration_ms=took))
    assert not pace.changed()
