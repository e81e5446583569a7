"""A replay that was stopped goes on, on the running lab."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pyspark.sql import SparkSession

from shoplab.core.errors import ServiceError
from shoplab.core.frames import SparkCatalog
from shoplab.core.kafka import empty_topic, records_in_topic
from shoplab.core.settings import REPO, Settings, as_environment
from shoplab.core.wait import wait_until
from shoplab.events.sources import inspect
from shoplab.lab.embedded import process
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.streaming import commands, sending
from shoplab.streaming import replay as replaying
from shoplab.streaming.audit.balance import balance
from shoplab.streaming.job import LiveJob
from shoplab.streaming.replay import ReplaySummary, Selection, replay
from tests.data import csv_file, raw_line
from tests.streaming.conftest import drain
from tests.streaming.topics import own_topic, values

EVENTS = 6_000
RESUME = Selection(resume=True)


@pytest.fixture
def own(lab: Settings, tmp_path: Path) -> Iterator[Settings]:
    with own_topic(lab, "resume", tmp_path) as settings:
        yield settings


def events(path: Path, number: int = EVENTS) -> Path:
    """No two alike, by 50 users."""
    times = [f"2019-11-01 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02} UTC" for n in range(number)]
    return csv_file(path, *[raw_line(time=time, user=str(n % 50)) for n, time in enumerate(times)])


def command(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(commands.replay, words, obj=settings)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_replay_that_was_killed_goes_on_and_loses_nothing(
    own: Settings, how: signal.Signals, spark: SparkSession
) -> None:
    file = events(own.home / "a.csv")
    variables = as_environment(own) | {"SHOPLAB_EVENTS_TOPIC": own.events_topic, "PYTHONPATH": str(REPO / "apps")}
    words = [sys.executable, "-m", "shoplab", "replay", str(file), "--rate", "1500"]
    stopped = subprocess.Popen(words, env=variables | {"HOME": os.environ["HOME"]}, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: any(own.run_dir.glob("replays/*.json")), 60, "no progress was written down")
    finally:
        stopped.send_signal(how)
        _, said = stopped.communicate(timeout=60)
    assert stopped.returncode == (130 if how == signal.SIGTERM else -how), said
    assert ("the same command with --resume" in said) == (how == signal.SIGTERM)
    before = records_in_topic(own)
    assert 0 < before < EVENTS
    done = command(own, str(file), "--resume")
    assert (done.exit_code, "went on behind" in done.output) == (0, True), done.output
    sent = values(own)
    assert len(set(sent)) == EVENTS
    if how == signal.SIGTERM:  # it had waited for what was on its way
        assert len(sent) == EVENTS
        return
    drain(own, spark, LiveJob(own, EmbeddedStore(own.home / "metrics.db")))
    assert balance(own).closes
    assert SparkCatalog(own, spark).read("events").count() == EVENTS


def test_with_kafka_away_it_ends_and_goes_on_later(
    own: Settings, lab: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is written down is no more than Kafka has acknowledged; what the client says to itself is not shown."""
    monkeypatch.setattr(sending, "GIVE_UP_MS", 1_500)
    monkeypatch.setattr(replaying, "SETTLE_S", 0.1)
    source = inspect(events(own.home / "a.csv", 600))
    kafka = process.running(lab)["kafka"]

    def away(sent: int) -> None:
        if sent == 300:
            kafka.suspend()

    monkeypatch.setattr(replaying, "TOLD_EVERY", 100)
    try:
        with pytest.raises(ServiceError, match=r"Kafka did not take all.*--resume"):
            replay(own, source, rate=500, progress=away)
    finally:
        kafka.resume()
    done = replay(own, source, selection=RESUME)
    assert 0 < done.before <= 300
    assert done.before + done.events == 600
    assert len(set(values(own))) == 600
    assert "rdkafka" not in capfd.readouterr().err


def test_a_limit_stops_it_and_it_goes_on_from_there(own: Settings) -> None:
    source = inspect(events(own.home / "a.csv", 25))

    def sent(**selection: bool) -> ReplaySummary:
        return replay(own, source, selection=Selection(limit=10, **selection))

    assert [(s.before, s.events) for s in (sent(), *(sent(resume=True) for _ in range(4)))] == [
        (0, 10), (10, 10), (20, 5), (25, 0), (25, 0)
    ]  # fmt: skip
    assert sent(resume=True).said == "all of it was sent before"
    assert len(values(own)) == len(set(values(own))) == 25
    assert sent().before == 0  # without being asked to go on it begins at the beginning


def test_other_options_are_another_replay(own: Settings) -> None:
    source = inspect(events(own.home / "a.csv", 10))
    replay(own, source, selection=Selection(limit=5))
    done = replay(own, source, selection=Selection(loop=True, limit=5, resume=True))
    assert done.before == 0
    assert "no earlier replay" in done.said


def test_of_a_topic_made_anew_nothing_is_known(own: Settings) -> None:
    source = inspect(events(own.home / "a.csv", 20))
    replay(own, source, selection=Selection(limit=15))
    empty_topic(own)
    done = replay(own, source, selection=RESUME)
    assert (done.before, done.events, done.said) == (0, 20, "began at the beginning: the topic was made anew")
    assert len(values(own)) == 20


def test_rounds_go_on_too_and_end_before_days_that_nothing_may_be_of(own: Settings) -> None:
    settings = replace(own, last_day="2019-11-04")
    source = inspect(events(own.home / "a.csv", 10))
    replay(settings, source, selection=Selection(loop=True, limit=25))
    done = replay(settings, source, selection=Selection(loop=True, resume=True))
    assert (done.before, done.events) == (25, 15)
    assert done.said == "the next round would be of after 2019-11-04 (SHOPLAB_LAST_DAY)"
    assert len(values(own)) == len(set(values(own))) == 40


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "2019-13-01"], "'2019-13-01' is neither a day"),
        (["--to", "noon"], "'noon' is neither a day"),
        (["--from", "2019-11-02", "--to", "2019-11-02"], "--from is to be before --to"),
        (["--rate", "5", "--speed", "2x"], "give --rate or --speed"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: Settings, tmp_path: Path, words: list[str], said: str) -> None:
    done = command(settings, str(events(tmp_path / "a.csv", 1)), *words)
    assert (done.exit_code, said in done.output) == (2, True), done.output


@pytest.mark.parametrize("pipe", ["-", "fifo"])
def test_a_pipe_is_not_read_again(settings: Settings, tmp_path: Path, pipe: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    done = command(settings, pipe if pipe == "-" else str(tmp_path / pipe), "--loop")
    assert (done.exit_code, "no pipe" in done.output) == (2, True), done.output


def test_nothing_between_the_times_is_one_line(own: Settings) -> None:
    done = command(own, str(events(own.home / "a.csv", 5)), "--from", "2020-01-01")
    assert "has no events between these times" in str(done.exception)
    assert "\n" not in str(done.exception)
