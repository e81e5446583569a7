"""The lab's own commands, in processes that a bench starts and watches."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Thread
from typing import Self

import psutil

from shoplab.core.settings import REPO, TOKENS, Settings, as_environment, variable

_WATCHED_S = 0.25  # every process of the machine is looked at
_PATIENCE_S = 30  # for its end


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "shoplab", *words]


def environment(settings: Settings) -> dict[str, str]:
    """The caller's, but for these settings; metrics go where they say too."""
    paths = os.pathsep.join(filter(None, [str(REPO / "apps"), os.environ.get("PYTHONPATH")]))
    own = {variable(name): str(getattr(settings, name)) for name in ("trigger", "influx_url", *TOKENS)}
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


class Command:
    """One under way, with all that it starts, from the block's begin to its end. log: what it writes."""

    def __init__(self, settings: Settings, log: Path, *words: str) -> None:
        self._settings, self._words, self.log = settings, words, log
        self._peak, self._ended = 0.0, Event()

    def __enter__(self) -> Self:
        self.started = time.monotonic()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                command(*self._words), env=environment(self._settings), cwd=REPO, stdin=subprocess.DEVNULL,
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

    @property
    def peak_mib(self) -> float:
        """So far, resident, of all processes together."""
        return self._peak

    def shared_mib(self) -> float:
        """Resident now, a page that several have counted once."""
        return float(sum(one.memory_full_info().pss for one in tree(self.process.pid))) / 2**20

    def _watch(self) -> None:
        while not self._ended.wait(_WATCHED_S):
            self._peak = max(self._peak, resident_mib(tree(self.process.pid)))
