"""A replay in the background that goes on whatever breaks."""

import datetime as dt
import itertools
import threading
import time
from pathlib import Path

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings
from shoplab.events.rows_python import sent_records
from shoplab.events.sources import inspect
from shoplab.streaming.replay import replay
from shoplab.streaming.sending import producer

SLICE = 1_000  # events
_HOUR, _AGE = dt.timedelta(hours=1), dt.timedelta(days=30_000)
_SKEWS = (dt.timedelta(), _HOUR, -_HOUR, _AGE, -_AGE)  # the last two lead to days that cannot be
_PATIENCE_S = 60.0


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

    def send_skewed(self) -> int:
        """The next slice, after `pause`, as of a producer whose clock is wrong, hours and ages either way. Returns how
        many of its events are of a day that cannot be.
        """
        lines = [
            _later(line, _SKEWS[number % len(_SKEWS)])
            for number, line in enumerate(itertools.islice(self._lines, SLICE))
        ]
        part = self._settings.home / "skewed.csv"
        part.write_bytes(self._header + b"".join(lines))
        to_kafka = producer(self._settings, self._settings.events_topic)
        for number, record in enumerate(sent_records(inspect(part))):
            at = time.time() + _SKEWS[number % len(_SKEWS)].total_seconds()
            to_kafka.produce(self._settings.events_topic, record.value, record.key, timestamp=max(0, int(at * 1000)))
        if to_kafka.flush(_PATIENCE_S):
            raise ServiceError("Kafka did not take what a skewed producer sent")
        with self.sent_file.open("ab") as out:
            out.writelines(lines)
        return sum(abs(_SKEWS[number % len(_SKEWS)]) > dt.timedelta(days=1) for number in range(len(lines)))

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


def _later(line: bytes, by: dt.timedelta) -> bytes:
    """The line of a REES46 file, its event so much later."""
    text, rest = line.split(b" UTC,", 1)
    at = dt.datetime.fromisoformat(text.decode()) + by
    return at.isoformat(" ").encode() + b" UTC," + rest
