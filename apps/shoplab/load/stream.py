"""Measures the stream: how much it takes, how long a batch lasts, whether either grows, and how soon it is back."""

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from shoplab.core.console import Say
from shoplab.core.errors import ServiceError
from shoplab.core.kafka import make_topic
from shoplab.core.settings import Settings
from shoplab.core.toolchain import jars, java
from shoplab.events.generator import generate
from shoplab.events.sources import inspect
from shoplab.lab.embedded.lab import EmbeddedLab
from shoplab.lab.ports import with_free_ports
from shoplab.lab.protocol import Choice
from shoplab.load.processes import finished
from shoplab.load.stream_parts import BATCH, WARM, Sender, StreamProcess
from shoplab.streaming.audit.balance import balance
from shoplab.streaming.replay import Selection, replay

TRIGGER = "1s"
REPLAYED = 1_000_000  # events
LEARNED = 50_000  # events of October that the models are made from


@dataclass(frozen=True)
class Size:
    """batches: of BATCH events, before and after. backlog: events of the same month between them."""

    batches: int
    backlog: int


QUICK, FULL = Size(20, 1_000_000), Size(40, 20_000_000)


@dataclass(frozen=True)
class StreamFigures:
    """Of one run, every step on. events_per_s: of the backlog, from the first that is sent, at full speed by another
    process than the stream's, to the end of the last batch. batch_10k: of batches of 10,000 events on an empty lab.
    growth: median of the same batches after the backlog, in parts of that before; the backlog brings users too, so that
    one measure says both. event_to_point: from sending to a point in the metric store. restart_s: from the start after
    kill -9 to the end of the first batch. peak_mib: resident, of the stream's processes together. replay_events_per_s:
    of a replay at full speed, with no stream beside it.
    """

    events_per_s: float
    batch_10k_p50_ms: float
    batch_10k_p95_ms: float
    growth_20m_events: float
    growth_1m_users: float
    restart_s: float
    event_to_point_p95_s: float
    peak_mib: float
    backlog: int
    closes: bool
    replay_events_per_s: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(settings: Settings, size: Size, say: Say) -> StreamFigures:
    """In an embedded lab of its own, on free ports and an empty home."""
    with bench_lab(settings, TRIGGER, say) as own:
        return _measured(own, size, say)


@contextmanager
def bench_lab(settings: Settings, trigger: str, say: Say, keep_spark_s: int = 0) -> Iterator[Settings]:
    """Its settings."""
    java.java_home(settings)
    jars.ensure_all(settings, "hadoop", "kafka", "spark-kafka")
    with tempfile.TemporaryDirectory(prefix="shoplab-bench-") as home:
        own = with_free_ports(replace(settings, home=Path(home), trigger=trigger, keep_spark_s=keep_spark_s))
        lab = EmbeddedLab(own)
        try:
            lab.up(Choice(), say)
            yield own
        finally:
            lab.down()


def _measured(settings: Settings, size: Size, say: Say) -> StreamFigures:
    learn(settings, say)
    events = 2 * (size.batches + WARM + 1) * BATCH + size.backlog
    say(f"making {events:,} events")
    november = settings.home / "november.csv"
    generate(november, "2019-11", events)
    say(f"a replay of {REPLAYED:,} events")
    replayed = _replay_rate(settings, november)
    sender, process = Sender(settings, november), StreamProcess(settings)
    try:
        say(f"batches of {BATCH:,} events on an empty lab")
        before = sender.batches(size.batches)
        say(f"a backlog of {size.backlog:,} events")
        rate = sender.backlog(size.backlog)
        say("the same batches after it")
        after = sender.batches(size.batches)
        say("kill -9 and start again")
        restart_s = _restart(process, sender)
        found = _figures(settings, size, before, after, rate, restart_s, process.peak_mib, sender.lags)
        return replace(found, replay_events_per_s=round(replayed))
    finally:
        process.stop()


def _replay_rate(settings: Settings, file: Path) -> float:
    """Events a second, into a topic that no stream follows."""
    own = replace(settings, events_topic="bench-replay")
    make_topic(own)
    return replay(own, inspect(file), selection=Selection(limit=REPLAYED)).rate


def _figures(
    settings: Settings, size: Size, before: Sequence[int], after: Sequence[int], rate: float, restart_s: float,
    peak_mib: float, lags: Sequence[float],
) -> StreamFigures:  # fmt: skip
    growth = round(statistics.median(after) / statistics.median(before), 2)
    return StreamFigures(
        events_per_s=round(rate),
        batch_10k_p50_ms=statistics.median(before),
        batch_10k_p95_ms=_p95(before),
        growth_20m_events=growth,
        growth_1m_users=growth,
        restart_s=round(restart_s, 1),
        event_to_point_p95_s=round(_p95(lags), 2),
        peak_mib=round(peak_mib),
        backlog=size.backlog,
        closes=balance(settings).closes,
    )


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[max(0, -(-95 * len(values) // 100) - 1)]


def learn(settings: Settings, say: Say) -> None:
    """A recommender and segments, so that a batch has all its steps."""
    october = settings.home / "october.csv"
    generate(october, "2019-10", LEARNED)
    for words in (["ingest", str(october)], ["analyse"], ["segment"], ["train"]):
        say(words[0])
        done = finished(settings, *words)
        if done.returncode:
            raise ServiceError(f"{words[0]} failed in the bench's lab: {done.stderr.strip().splitlines()[-1][:200]}")


def _restart(process: StreamProcess, sender: Sender) -> float:
    process.kill()
    sender.send(BATCH)
    started = time.monotonic()
    process.start_again()
    sender.wait()
    return time.monotonic() - started
