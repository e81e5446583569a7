"""A training in the background, when too much is new for increments: `./lab train` with its gate, in a process of its
own with the lowest priority. The stream goes on, and takes the new version up when it is published.
"""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from shoplab.core.settings import REPO, Settings, as_environment, variable

UNKNOWN_SHARE = 0.2  # of the events since the training, on products it did not know
FEWEST_EVENTS = 10_000
EVERY_S = 3_600.0  # from one start to the next: what the gate did not publish is not tried again at once
LOWEST = 19  # as `nice` counts
TRAIN = (sys.executable, "-m", "shoplab", "train")

log = logging.getLogger(__name__)


class Refit:
    """At most one at a time. started: how many."""

    def __init__(self, settings: Settings, command: Sequence[str] = TRAIN, every: float = EVERY_S) -> None:
        self._settings, self._command, self._every = settings, command, every
        self._process: subprocess.Popen[bytes] | None = None
        self._last = -float("inf")
        self.started = 0

    def consider(self, events: int, unknown: int) -> None:
        """events: learned from since the training; unknown: those of them on products it did not know."""
        self._look()
        due = time.monotonic() - self._last >= self._every
        if not (self._settings.refit and due and self._process is None and events >= FEWEST_EVENTS):
            return
        if unknown > UNKNOWN_SHARE * events:
            log.warning("%.0f %% of the events are on unknown products: training anew", 100 * unknown / events)
            self._start()

    def stop(self) -> None:
        """Ends a training that runs: nothing of it is published then."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def _start(self) -> None:
        self._settings.log_dir.mkdir(parents=True, exist_ok=True)
        own = {variable(name): getattr(self._settings, name) for name in ("data_root", "events_topic")}
        paths = os.pathsep.join(filter(None, [str(REPO / "apps"), os.environ.get("PYTHONPATH")]))
        environment = as_environment(self._settings) | own | {"PYTHONPATH": paths}
        with self._file.open("wb") as said:
            self._process = subprocess.Popen(self._command, env=environment, stdout=said, stderr=said)
        psutil.Process(self._process.pid).nice(LOWEST)
        self._last, self.started = time.monotonic(), self.started + 1

    def _look(self) -> None:
        """Says how a training ended."""
        if self._process is None or self._process.poll() is None:
            return
        lines = self._file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        how = "the training in the background " + ("failed" if self._process.returncode else "ended")
        log.warning("%s: %s", how, lines[-1] if lines else "")
        self._process = None

    @property
    def _file(self) -> Path:
        return self._settings.log_dir / "refit.log"
