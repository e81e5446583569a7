"""A replay in the background that goes on whatever breaks."""

import itertools
import threading
from pathlib import Path

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings
from shoplab.events.sources import inspect
from shoplab.streaming.replay import replay

SLICE = 1_000  # events


class Feeder:
    """Replays a file slice by slice, between `go` and `pause`. sent_file: what Kafka has acknowledged; a slice that was
    cut short is sent again whole.
    """

    def __init__(self, settings: Settings, file: Path, rate: float) -> None:
        self.sent_file = settings.home / "sent.csv"
        self._settings, self._rate = settings, rate
        self._lines = file.open("rb")
        self._header = self._lines.readline()
        self.sent_file.write_bytes(self._header)
        self._goes, self._rests = threading.Event(), threading.Event()
        self._rests.set()
        threading.Thread(target=self._run, name="feeder", daemon=True).start()

    def go(self) -> None:
        self._rests.clear()
        self._goes.set()

    def pause(self) -> None:
        """Returns when the slice that is on its way has been acknowledged."""
        self._goes.clear()
        self._rests.wait()

    def _run(self) -> None:
        while True:
            if not self._goes.is_set():
                self._rests.set()
            self._goes.wait()
            if lines := list(itertools.islice(self._lines, SLICE)):
                self._send(lines)
            else:
                self._goes.clear()

    def _send(self, lines: list[bytes]) -> None:
        part = self._settings.home / "slice.csv"
        part.write_bytes(self._header + b"".join(lines))
        while True:
            try:
                replay(self._settings, inspect(part), self._rate)
                break
            except LabError:  # Kafka is away: it will be back
                continue
        with self.sent_file.open("ab") as out:
            out.writelines(lines)
