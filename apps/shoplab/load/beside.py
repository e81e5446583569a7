"""A stream of events beside a load test: generated ones, replayed into the lab's own topic at a steady rate."""

import datetime as dt
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shoplab.core.errors import LabError
from shoplab.core.kafka import kafka_admin, kafka_calls
from shoplab.core.settings import REPO, Settings
from shoplab.events.generator import generate
from shoplab.load.bounds import KAFKA, MAX_STREAMED, check_brokers, check_targets
from shoplab.load.run import environment

_END_S = 20.0


@dataclass
class Beside:
    """said: what became of it, when it has ended."""

    said: list[str] = field(default_factory=list)


def check_stream(settings: Settings, rate: float, seconds: int) -> None:
    """LabError where it would be too much, or its Kafka is not this lab's."""
    if rate * seconds > MAX_STREAMED:
        raise LabError(f"--with-stream {rate:,.0f} sends over {MAX_STREAMED:,} events in {seconds} s; take less")
    check_targets(settings, [KAFKA])
    with kafka_calls(settings), kafka_admin(settings) as admin:
        check_brokers(settings.kafka, [broker["host"] for broker in admin.describe_cluster()["brokers"]])


@contextmanager
def stream_beside(settings: Settings, rate: float | None, seconds: int) -> Iterator[Beside]:
    """Events of the month before this one, `rate` of them a second while the block runs; none without a rate."""
    beside = Beside()
    if rate is None:
        yield beside
        return
    with tempfile.TemporaryDirectory(prefix="shoplab-load-") as folder:
        file, log = Path(folder) / "beside.csv", Path(folder) / "replay.log"
        generate(file, _month(settings), max(1, round(rate * seconds)), seed=time.time_ns() % 2**32)
        with log.open("wb") as output:
            words = [sys.executable, "-m", "shoplab", "replay", str(file), "--rate", str(rate)]
            process = subprocess.Popen(words, env=environment(settings), cwd=REPO, stdout=output, stderr=output)
        try:
            yield beside
        finally:
            _end(process)
            beside.said += log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]


def _month(settings: Settings) -> str:
    """The last one that is over, of the days that events may be of."""
    newest = dt.date.fromisoformat(settings.days[1])
    return f"{newest.replace(day=1) - dt.timedelta(days=1):%Y-%m}"


def _end(process: "subprocess.Popen[bytes]") -> None:
    """It ends about when the load does; what it still has to send is left unsent."""
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait(_END_S)
