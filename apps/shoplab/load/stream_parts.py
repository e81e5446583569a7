"""What the stream's bench drives: the stream in a process of its own, and a sender of events."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import psutil

from shoplab.core.catalog import Catalog
from shoplab.core.settings import REPO, Settings
from shoplab.core.wait import wait_until
from shoplab.events.sources import inspect
from shoplab.load.processes import command, environment, resident_mib, tree
from shoplab.metrics.store import open_store
from shoplab.streaming.accounts import Accounts, BatchAccount
from shoplab.streaming.replay import replay

BATCH = 10_000
WARM = 3  # batches that are not counted
PATIENCE_S = 120  # for the next batch


class StreamProcess:
    """`./lab stream` in processes of its own. resident_mib: the memory they take together, every half second."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.resident_mib: list[float] = []
        self._ended = Event()
        self._process = self._start()
        Thread(target=self._watch, daemon=True).start()

    def kill(self) -> None:
        for process in self._tree():
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._process.wait()

    def start_again(self, settings: Settings | None = None) -> None:
        """With other settings from now on, if any are given."""
        self._settings = settings or self._settings
        self._process = self._start()

    def stop(self) -> None:
        self._ended.set()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(60)
        self.kill()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command("stream"), env=environment(self._settings), cwd=REPO, stdout=log, stderr=log
            )

    @property
    def peak_mib(self) -> float:
        return max(self.resident_mib, default=0.0)

    @property
    def log(self) -> Path:
        return self._settings.home / "stream.log"

    def below_supervisor(self) -> list[psutil.Process]:
        """The stream itself: Python and its JVM."""
        return self._tree()[1:]

    def _tree(self) -> list[psutil.Process]:
        return tree(self._process.pid)

    def _watch(self) -> None:
        while not self._ended.wait(0.5):
            self.resident_mib.append(resident_mib(self._tree()))


class Sender:
    """Sends a file's events, so many at a time, from the place where it was. patience_s: for the next batch."""

    def __init__(self, settings: Settings, file: Path, patience_s: float = PATIENCE_S) -> None:
        self._settings, self._patience_s = settings, patience_s
        self._catalog = Catalog(settings)
        self._store = open_store(settings)
        self._parts, self._sent = _parts(file), 0
        self.lags: list[float] = []

    def send(self, events: int) -> None:
        part = self._settings.home / "part.csv"
        with part.open("wb") as out:
            out.write(self._parts(0))
            out.write(self._parts(events))
        self._sent += replay(self._settings, inspect(part)).events

    def batches(self, count: int) -> list[int]:
        """Durations in ms of batches of BATCH events, one after the other."""
        found = []
        for number in range(count + WARM):
            started = time.time()
            self.send(BATCH)
            account = self.wait()
            if number >= WARM:
                found.append(account.duration_ms)
                self.lags.append(self._seen(account) - started)
        return found

    def backlog(self, events: int) -> float:
        """Events a second, from the first that is sent to the end of the last batch."""
        started = time.monotonic()
        self.send(events)
        self.wait(0.5)
        return events / (time.monotonic() - started)

    def wait(self, every: float = 0.05) -> BatchAccount:
        """Until all that was sent is accounted for, however long that takes while batches come. Returns the newest
        account. every: seconds between looks: twenty a second would take a sixth of a core from the stream.
        """
        still = f"the stream stands still; see {self._settings.home / 'stream.log'}"
        newest: BatchAccount | None = None

        def another() -> BatchAccount | None:
            found = Accounts(self._catalog).newest()
            return found if found is not None and (newest is None or found.batch > newest.batch) else None

        while newest is None or sum(newest.ends.values()) < self._sent:
            newest = wait_until(another, self._patience_s, still, every)
        return newest

    def _seen(self, account: BatchAccount) -> float:
        def there() -> bool:
            points = self._store.query("stream_batch", limit=1)
            return bool(points) and points[0].time.isoformat() >= account.arrived

        wait_until(there, PATIENCE_S, "no point of the batch in the metric store", 0.05)
        return time.time()


def _parts(file: Path) -> Callable[[int], bytes]:
    """Call with 0 for the header, then with how many lines are wanted next."""
    lines = file.open("rb")
    header = lines.readline()

    def take(count: int) -> bytes:
        return b"".join(line for _, line in zip(range(count), lines, strict=False)) if count else header

    return take
