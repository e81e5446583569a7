"""Measures how long the embedded services take to be healthy, and their memory."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from shoplab.lab import embedded, jars, java, process
from shoplab.settings import Settings


@dataclass(frozen=True)
class Startup:
    """One run: seconds to healthy with formatting, seconds to healthy on existing data, resident MB of each service."""

    first_s: float
    second_s: float
    memory_mb: dict[str, float]

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"memory_mb_total": round(sum(self.memory_mb.values()), 1)}


def measure(settings: Settings, runs: int) -> Iterator[Startup]:
    """Starts a lab of its own, on free ports and an empty home, that many times. Jars and Java are fetched before."""
    java.java_home(settings)
    jars.ensure_all(settings, "hadoop", "kafka")
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="shoplab-bench-") as home:
            yield _measure_once(process.with_free_ports(replace(settings, home=Path(home))))


def _measure_once(settings: Settings) -> Startup:
    try:
        first = _timed_up(settings)
        memory = {state.service.name: round(state.memory_mb, 1) for state in embedded.status(settings)}
        embedded.down(settings)
        return Startup(first, _timed_up(settings), memory)
    finally:
        embedded.down(settings)


def _timed_up(settings: Settings) -> float:
    start = time.perf_counter()
    embedded.up(settings)
    return round(time.perf_counter() - start, 2)
