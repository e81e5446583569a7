"""Measures the stream over a long time at a steady rate: whether batches, memory or files grow."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from shoplab.core.catalog import Catalog
from shoplab.core.console import Say
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.events.generator import generate
from shoplab.events.sources import inspect
from shoplab.load.stream import bench_lab, learn
from shoplab.load.stream_parts import PATIENCE_S, StreamProcess
from shoplab.streaming.accounts import Accounts
from shoplab.streaming.audit.balance import balance, waiting
from shoplab.streaming.audit.files import event_files
from shoplab.streaming.replay import replay

RATE, TRIGGER = 5_000.0, "10s"  # events a second


@dataclass(frozen=True)
class SoakFigures:
    """batch_p50_ms: of all batches. growth: medians of the last tenth of the time in parts of those of the second one;
    the first is for warming up. files_a_day: of the day that has most, where compaction has been for the last time; the
    newest batches' own files are among them.
    """

    minutes: float
    events: int
    batch_p50_ms: float
    batch_growth: float
    memory_growth: float
    peak_mib: float
    files_a_day: int
    closes: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def soak(settings: Settings, minutes: float, say: Say) -> SoakFigures:
    """In an embedded lab of its own, on free ports and an empty home."""
    with bench_lab(settings, TRIGGER, say) as own:
        learn(own, say)
        events, file = round(RATE * 60 * minutes), own.home / "november.csv"
        say(f"making {events:,} events")
        generate(file, "2019-11", events)
        process = StreamProcess(own)
        try:
            replay(own, inspect(file), RATE, progress=lambda sent: say(f"{sent:,} of {events:,} events"))
            wait_until(lambda: waiting(own) == 0, PATIENCE_S, f"the stream stands still; see {process.log}", 1.0)
        finally:
            process.stop()
        return _figures(own, minutes, process)


def _figures(settings: Settings, minutes: float, process: StreamProcess) -> SoakFigures:
    catalog, accounts = Catalog(settings), list(Accounts(Catalog(settings)).all())
    batches = [account.duration_ms for account in accounts]
    days = Counter(path.split("/")[-2] for path in event_files(catalog))
    return SoakFigures(
        minutes=minutes,
        events=sum(account.rows for account in accounts),
        batch_p50_ms=statistics.median(batches),
        batch_growth=_growth(batches),
        memory_growth=_growth(process.resident_mib),
        peak_mib=round(process.peak_mib),
        files_a_day=max(days.values()),
        closes=balance(settings).closes,
    )


def _growth(values: Sequence[float]) -> float:
    tenth = max(1, len(values) // 10)
    return round(statistics.median(values[-tenth:]) / statistics.median(values[tenth : 2 * tenth] or values), 3)
