"""The lab's own commands, in processes that a bench starts and watches."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event, Thread
from typing import Self

import psutil

from shoplab.core.errors import ServiceError
from shoplab.core.settings import REPO, TOKENS, Settings, as_environment, variable

_WATCHED_S = 0.25  # every process of the machine is looked at
_PATIENCE_S = 30  # for its end
_PROGRAMS = ("", "java", "python")


def command(*words: str, module: str = "shoplab") -> list[str]:
    return [sys.executable, "-m", module, *words]


def environment(settings: Settings) -> dict[str, str]:
    """The caller's, but for these settings; metrics go where they say too."""
    paths = os.pathsep.join(filter(None, [str(REPO / "apps"), os.environ.get("PYTHONPATH")]))
    names = ("trigger", "influx_url", "spark_events", *TOKENS)
    own = {variable(name): str(getattr(settings, name)) for name in names}
    return as_environment(settings) | {"PYTHONPATH": paths} | own


def finished(settings: Settings, *words: str) -> "subprocess.CompletedProcess[str]":
    """A command that has run to its end, whatever that was."""
    return subprocess.run(
        command(*words), env=environment(settings), cwd=REPO, capture_output=True, text=True, check=False
    )


def tree(pid: int) -> list[psutil.Process]:
    """A process and all below it; none where it has ended."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def resident_mib(processes: Iterable[psutil.Process]) -> float:
    """Memory that they take together."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total / 2**20


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


class Command:
    """One under way, with all that it starts, from the block's begin to its end. log: what it writes. beside: the
    processes of a server that works for it.
    """

    def __init__(
        self, settings: Settings, log: Path, *words: str, module: str = "shoplab",
        beside: Callable[[], list[psutil.Process]] = list,
    ) -> None:  # fmt: skip
        self._settings, self._words, self.log, self._beside = settings, words, log, beside
        self._command = command(*words, module=module)
        self._peaks: dict[str, float] = {}  # by the program's name, and of all
        self._cpu_s: dict[int, float] = {}  # by process, as it was last seen
        self.seconds, self._ended = 0.0, Event()

    def __enter__(self) -> Self:
        self._cpu_before = {process.pid: _cpu_s(process) for process in self._beside()}
        self.started = time.monotonic()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self._command, env=environment(self._settings), cwd=REPO, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        below = tree(self.process.pid)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        for one in below:
            one.wait(_PATIENCE_S)

    def finish(self) -> None:
        """Waits for its end. ServiceError, with the last line it said, where it fails."""
        code = self.process.wait()
        self.seconds = round(time.monotonic() - self.started, 2)
        if code:
            last = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise ServiceError(f"{self._words[0]} failed in the bench's lab: {''.join(last)[:200]}")

    @property
    def peak_mib(self) -> float:
        """So far, resident, of all processes together."""
        return self.peak_of("")

    def peak_of(self, program: str) -> float:
        """The same of those whose program's name begins so."""
        return round(self._peaks.get(program, 0.0), 1)

    @property
    def cpu_s(self) -> float:
        """Of all processes, as they were last seen."""
        return round(sum(spent - self._cpu_before.get(pid, 0.0) for pid, spent in self._cpu_s.items()), 1)

    def shared_mib(self) -> float:
        """Resident now, a page that several have counted once."""
        return float(sum(one.memory_full_info().pss for one in tree(self.process.pid))) / 2**20

    def _watch(self) -> None:
        while not self._ended.wait(_WATCHED_S):
            self._look([*tree(self.process.pid), *self._beside()])

    def _look(self, processes: list[psutil.Process]) -> None:
        for process in processes:
            with contextlib.suppress(psutil.Error):
                self._cpu_s[process.pid] = _cpu_s(process)
        for program in _PROGRAMS:
            with contextlib.suppress(psutil.Error):
                found = [one for one in processes if one.name().startswith(program)]
                self._peaks[program] = max(self._peaks.get(program, 0.0), resident_mib(found))
