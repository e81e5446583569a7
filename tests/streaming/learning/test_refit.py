"""A training beside the stream: when it starts, how it runs, and that it is one."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.streaming.learning.refit import FEWEST_EVENTS, LOWEST, Refit

SLEEPS = (sys.executable, "-c", "import time; time.sleep(600)")
ENOUGH = 2 * FEWEST_EVENTS


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings(), home=tmp_path, refit=True)


@pytest.fixture
def refit(settings: Settings) -> Iterator[Refit]:
    made = Refit(settings, SLEEPS, every=0)
    yield made
    made.stop()


def test_it_starts_where_too_much_is_new_and_only_once(refit: Refit) -> None:
    refit.consider(ENOUGH, ENOUGH // 5)  # a fifth is not more than a fifth
    refit.consider(FEWEST_EVENTS - 1, FEWEST_EVENTS - 1)
    assert refit.started == 0
    for _ in range(2):
        refit.consider(ENOUGH, ENOUGH // 4)
    assert refit.started == 1


def test_it_runs_with_the_lowest_priority_and_ends_with_the_stream(refit: Refit) -> None:
    refit.consider(ENOUGH, ENOUGH)
    [child] = [one for one in psutil.Process().children() if "sleep(600)" in " ".join(one.cmdline())]
    assert child.nice() == LOWEST
    refit.stop()
    assert not child.is_running()


def test_switched_off_it_never_starts(settings: Settings) -> None:
    refit = Refit(replace(settings, refit=False), SLEEPS)
    refit.consider(ENOUGH, ENOUGH)
    assert refit.started == 0


def test_what_failed_is_said_and_tried_again_only_after_the_interval(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    refit = Refit(settings, (sys.executable, "-c", "raise SystemExit('no room')"), every=3_600)
    refit.consider(ENOUGH, ENOUGH)

    def said() -> bool:
        refit.consider(ENOUGH, ENOUGH)
        return "failed: no room" in caplog.text

    wait_until(said, 30, "the end of the training was not seen")
    assert refit.started == 1
