"""Commands in the Spark driver that is kept for them: as if each had started its own."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from shoplab import driver
from shoplab.core import private
from shoplab.core.settings import Settings, load_settings
from shoplab.core.wait import wait_until
from shoplab.lab.embedded import driver as kept_driver
from shoplab.lab.embedded import process
from shoplab.lab.embedded.lab import EmbeddedLab
from shoplab.load.processes import command, environment
from tests.data import csv_file, raw_line


@dataclass
class Caller:
    """Types commands in a folder of its own, on data of its own."""

    settings: Settings
    folder: Path

    def start(self, *words: str, **variables: str) -> "subprocess.Popen[str]":
        own = environment(self.settings) | {"SHOPLAB_DATA_ROOT": "/driver", "SHOPLAB_KEEP_SPARK_S": "60"} | variables
        return subprocess.Popen(
            command(*words), env=own, cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *words: str, piped: str = "", code: int = 0, **variables: str) -> tuple[str, str]:
        started = self.start(*words, **variables)
        out, err = started.communicate(piped, timeout=120)
        assert started.returncode == code, err
        return out, err

    def reading(self) -> "tuple[subprocess.Popen[str], psutil.Process]":
        """A command that the driver runs, and which reads what is piped in until that ends; and the driver."""
        started = self.start("ingest", "-")
        assert started.stdin
        pipe = Path(f"/proc/self/fd/{started.stdin.fileno()}").readlink()
        return started, wait_until(lambda: self._with_input(pipe), 120, "not taken")

    def _with_input(self, pipe: Path) -> psutil.Process | None:
        """The driver, if that is its input now."""
        kept = self.driver()
        with contextlib.suppress(FileNotFoundError):  # it has just ended
            return kept if kept and Path(f"/proc/{kept.pid}/fd/0").readlink() == pipe else None
        return None

    def driver(self) -> psutil.Process | None:
        return process.running(self.settings).get("driver")


@pytest.fixture(scope="module")
def caller(lab: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("caller")
    csv_file(folder / "october.csv", *[raw_line(user=str(number)) for number in range(5)])
    found = Caller(lab, folder)
    yield found
    if kept := found.driver():
        process.stop([kept])


def test_one_driver_for_command_after_command(caller: Caller) -> None:
    out, err = caller.run("ingest", "october.csv")
    kept = caller.driver()
    assert kept is not None
    assert "5 rows = 5 clean" in out
    piped = (caller.folder / "october.csv").read_text()
    assert "5 rows" in caller.run("ingest", "-", piped=piped)[0]
    out, err = caller.run("ingest", "missing.csv", code=2)
    assert (out, "missing.csv" in err, err.count("\n")) == ("", True, 1)
    assert caller.driver() == kept
    [state] = [state for state in EmbeddedLab(caller.settings).status() if state.service == "driver"]
    assert (state.problem, state.pid) == ("", kept.pid)


def test_while_it_is_busy_others_have_their_own(caller: Caller) -> None:
    started, kept = caller.reading()
    assert "5 rows" in caller.run("ingest", "october.csv")[0]
    out, _ = started.communicate((caller.folder / "october.csv").read_text(), timeout=60)
    assert (started.returncode, "5 rows" in out, caller.driver()) == (0, True, kept)


def test_other_settings_have_another_driver(caller: Caller) -> None:
    before = caller.driver()
    assert before is not None
    caller.run("ingest", "october.csv", SHOPLAB_DRIVER_MEMORY="1900m")
    after = caller.driver()
    assert after is not None
    assert (after == before, process.is_alive(before)) == (False, False)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_it_ends_with_its_user(caller: Caller, number: signal.Signals, code: int) -> None:
    started, kept = caller.reading()
    started.send_signal(number)
    assert started.wait(60) == code
    wait_until(lambda: not process.is_alive(kept), 40, "the driver lives on")
    _, err = started.communicate()  # only now: with its input ended, the command could end by itself
    assert number == signal.SIGKILL or err.strip().endswith("lab: interrupted")


def test_a_driver_that_dies_is_told(caller: Caller) -> None:
    started, kept = caller.reading()
    kept.kill()
    _, err = started.communicate(timeout=60)
    assert started.returncode == 3
    assert "Spark ended in the middle of ./lab ingest" in err


def test_none_is_kept_where_none_is_wanted(caller: Caller) -> None:
    assert caller.driver() is None
    assert "5 rows" in caller.run("ingest", "october.csv", SHOPLAB_KEEP_SPARK_S="0")[0]
    assert caller.driver() is None


def test_it_makes_room_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_driver, "LEAST_FREE", psutil.virtual_memory().total)
    assert driver.Desk(load_settings({})).next(patience_s=3600) is None


def test_none_is_started_to_end_at_once(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    assert caller.driver() is None
    monkeypatch.setattr(kept_driver, "LEAST_FREE", psutil.virtual_memory().total)
    assert kept_driver.run_kept(caller.settings, ["ingest", "october.csv"]) is None
    assert caller.driver() is None


def test_files_are_made_as_the_callers() -> None:
    with private.of_caller(0o027):
        assert private.callers_umask() == 0o027
    with private.of_caller(-1):
        assert private.callers_umask() == -1
