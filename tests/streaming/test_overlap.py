"""Batches that are read while the one before is processed."""

import time
from dataclasses import replace
from threading import Event
from typing import Any

import pyarrow as pa
import pytest

from shoplab.core.frames import SparkCatalog
from shoplab.core.wait import wait_until
from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.audit.balance import balance
from shoplab.streaming.beginning import checkpoint_of
from shoplab.streaming.job import BatchFailedError, Clock, LiveJob
from shoplab.streaming.pace import Pace
from shoplab.streaming.query import streaming
from tests.streaming.conftest import Stream


@pytest.fixture
def tens(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> Stream:
    """The stream takes what is sent to it in batches of 10."""
    monkeypatch.setattr("shoplab.streaming.pace.FIRST", 10)
    return stream


def test_a_batch_is_read_while_the_one_before_is_processed(tens: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    tens.send(0, 30)
    job = LiveJob(tens.settings, tens.store)
    next_is_read, was_read, take, free = Event(), list[bool](), job._take, job.handover.free

    def waits(*arguments: Any) -> None:
        was_read.append(next_is_read.wait(30))
        take(*arguments)

    def read() -> None:
        reads.append(1)
        if len(reads) > 1:
            next_is_read.set()
        free()

    reads: list[int] = []
    monkeypatch.setattr(job, "_take", waits)
    monkeypatch.setattr(job.handover, "free", read)
    accounts = tens.drain(job)
    assert (was_read, sum(account.new for account in accounts)) == ([True] * len(accounts), 30)
    assert (tens.events(), balance(tens.settings).closes) == (30, True)


def test_no_batch_is_taken_after_one_that_failed(
    tens: Stream, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And Spark's checkpoint, which is ahead of it, is none to go on with."""
    tens.send(0, 60)
    job = LiveJob(tens.settings, tens.store)
    taken: list[int] = []

    def dies(account: BatchAccount) -> None:
        taken.append(account.batch)
        time.sleep(1)  # the next one is read meanwhile
        raise RuntimeError("killed before the account")

    monkeypatch.setattr(job.accounts, "write", dies)
    with pytest.raises(BatchFailedError, match="RuntimeError: killed"):
        tens.drain(job)
    assert taken == [0]
    checkpoint = checkpoint_of(tens.settings, tens.catalog)
    assert len(tens.catalog.storage.names(f"{checkpoint}/offsets")) == 2
    accounts = tens.drain()
    assert [account.batch for account in accounts] == list(range(len(accounts)))
    assert sum(account.new for account in accounts) == tens.events() == 60
    assert (balance(tens.settings).closes, "checkpoint" in capsys.readouterr().out) == (True, False)


def test_a_change_of_pace_does_no_batch_twice(tens: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = replace(tens.settings, trigger="100ms")
    tens.send(0, 100)
    job, taken = LiveJob(quick, tens.store), list[int]()
    take = job._take

    def slow(catalog: SparkCatalog, rows: pa.Table, number: int, clock: Clock) -> None:
        taken.append(number)
        time.sleep(0.5)  # the next one is read meanwhile, and waits
        take(catalog, rows, number, clock)

    monkeypatch.setattr(job, "_take", slow)
    monkeypatch.setattr(Pace, "changed", lambda _: len(taken) in (2, 4))
    with streaming(quick, tens.spark, job) as running:
        wait_until(lambda: running.wait(1) or len(taken) > 5, 60, "the stream stands still")
        running.process_all()
    assert taken == list(range(len(taken)))
    assert (tens.events(), balance(tens.settings).closes) == (100, True)


def test_an_idle_stream_says_that_its_last_batch_failed(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    job = LiveJob(stream.settings, stream.store)
    monkeypatch.setattr(job.accounts, "write", lambda _: 1 // 0)
    stream.send(0, 10)
    with (
        streaming(stream.settings, stream.spark, job) as running,
        pytest.raises(BatchFailedError, match="ZeroDivisionError"),
    ):
        assert not running.wait(60)
