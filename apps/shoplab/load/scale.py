"""Measures how the jobs grow with the shop: each of them on labs of several sizes, and a slope through what it took."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shoplab.core.console import Say
from shoplab.core.settings import Settings
from shoplab.load.scale_parts import Took, asked, job, shop
from shoplab.load.stream import TRIGGER, bench_lab
from shoplab.load.stream_parts import BATCH, Sender, StreamProcess

PATIENCE_S = 900.0  # for a batch of the stream, whose first one waits for the memory of all that is stored
BATCH_JOBS = ("ingest", "analyse", "segment", "train")


@dataclass(frozen=True)
class Sizes:
    """base: events of October at factor 1; products grow with it, to the whole catalogue at the last factor. drained:
    events of November that the stream works off, at every size. requests: to the API, at every size.
    """

    base: int
    factors: tuple[int, ...]
    drained: int
    requests: int


QUICK, FULL = Sizes(20_000, (1, 3, 10), 30_000, 300), Sizes(50_000, (1, 10, 40), 100_000, 1_000)


@dataclass(frozen=True)
class Row:
    """One job at one size. seconds: of a job from its start to its end; of the stream for the same events at every
    size, once it is warm; of the API's requests the median. peak_mib: resident, of the job's processes together.
    """

    factor: int
    events: int
    users: int
    products: int
    seconds: float
    peak_mib: float


@dataclass(frozen=True)
class Growth:
    """Exponents: k where time or memory grows with the factor to the power of k, fitted by least squares of logarithms
    over all sizes. last_time_exponent: between the two largest, where what a job takes to start weighs least.
    """

    job: str
    time_exponent: float
    last_time_exponent: float
    memory_exponent: float
    rows: tuple[Row, ...]

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "job"}


def measure(settings: Settings, sizes: Sizes, say: Say) -> list[Growth]:
    """Each size in an embedded lab of its own, on free ports and an empty home."""
    rows: dict[str, list[Row]] = {}
    for factor in sizes.factors:
        with _told(say, f"times {factor}") as told, bench_lab(settings, TRIGGER, told) as own:
            for name, row in _at(own, sizes, factor, told):
                rows.setdefault(name, []).append(row)
    return [growth(name, found) for name, found in rows.items()]


def growth(name: str, rows: Sequence[Row]) -> Growth:
    """What rows of at least two sizes say."""
    factors, seconds = [row.factor for row in rows], [row.seconds for row in rows]
    return Growth(
        job=name,
        time_exponent=slope(factors, seconds),
        last_time_exponent=slope(factors[-2:], seconds[-2:]),
        memory_exponent=slope(factors, [row.peak_mib for row in rows]),
        rows=tuple(rows),
    )


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Of logarithms, by least squares."""
    [found, _] = np.polyfit([math.log(size) for size in sizes], [math.log(value) for value in values], 1)
    return round(float(found), 3)


@contextmanager
def _told(say: Say, size: str) -> Iterator[Say]:
    yield lambda text: say(f"{size}: {text}")


def _at(settings: Settings, sizes: Sizes, factor: int, say: Say) -> Iterator[tuple[str, Row]]:
    """Job and figures, in the order in which data meets them."""
    october, share = settings.home / "october.csv", factor / sizes.factors[-1]
    say("making events")
    made = shop(october, "2019-10", sizes.base * factor, share)

    def row(took: Took) -> Row:
        return Row(factor, made.events, made.users, made.products, round(took.seconds, 5), round(took.peak_mib, 1))

    for name in BATCH_JOBS:
        say(name)
        yield name, row(job(settings, name, *([str(october)] if name == "ingest" else [])))
    say("stream")
    yield "stream", row(_drained(settings, sizes.drained, share))
    say("api")
    yield "api", row(asked(settings, sizes.requests))


def _drained(settings: Settings, events: int, share: float) -> Took:
    """The stream with the memory of all that was ingested, after a batch that is not counted."""
    november: Path = settings.home / "november.csv"
    shop(november, "2019-11", BATCH + events, share)
    sender, process = Sender(settings, november, PATIENCE_S), StreamProcess(settings)
    try:
        sender.send(BATCH)
        sender.wait()
        return Took(events / sender.backlog(events), process.peak_mib)
    finally:
        process.stop()
