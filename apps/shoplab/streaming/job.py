"""The stream: at every trigger Kafka's new events go to HDFS, and their users' features and segments follow.

One Spark job a batch, whose plan is built once, reads Kafka's records; they become typed rows with their hashes. The
batch before is processed meanwhile. What a batch leaves follows from its rows and from the state before it
(streaming.state): done again after a kill it leaves the same files under the same names, with the same counts. The
account is written last, and says where a start goes on; Spark's checkpoint may be a batch ahead of it.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from shoplab.core.catalog import Catalog
from shoplab.core.frames import SparkCatalog
from shoplab.core.freed import give_back
from shoplab.core.settings import Settings
from shoplab.metrics.point import Point, to_json
from shoplab.metrics.store import MetricStore
from shoplab.streaming.accounts import Accounts, BatchAccount, Offsets
from shoplab.streaming.audit.points import send_points, write_points
from shoplab.streaming.beginning import Beginning
from shoplab.streaming.beside import Beside
from shoplab.streaming.compaction import Compaction
from shoplab.streaming.crash import crash_point
from shoplab.streaming.dead.sender import DeadLetters
from shoplab.streaming.handover import Handover
from shoplab.streaming.learning.service import Batch, Learning
from shoplab.streaming.lease import stream_lease
from shoplab.streaming.memory import Memory
from shoplab.streaming.models import Models
from shoplab.streaming.pace import Pace
from shoplab.streaming.points import batch_points
from shoplab.streaming.publish import Publisher
from shoplab.streaming.recent import RecentEvents
from shoplab.streaming.rows import rows_of
from shoplab.streaming.state.state import Taken
from shoplab.streaming.tally import Tally, counts, tally

if TYPE_CHECKING:
    import pandas as pd


KEPT_BATCHES, PRUNE_EVERY = 500, 50  # of the live tables: over an hour; accounts stay
COMPACTION_SHARE = 0.1  # of a core
POINTS_AGAIN = 20  # batches whose points are sent again at a start: a kill may have come before they went
FINISH_S = 60.0  # for what is being done when the stream ends
HANGS_S = 600.0


class BatchFailedError(Exception):
    """What a batch failed with, as a line."""


class LiveJob:
    """What a micro-batch needs besides its records. Call it with them, as `rows.records` has them, and Spark's number
    of the batch, after `begin`. on_batch is told each account.
    """

    def __init__(
        self, settings: Settings, store: MetricStore, on_batch: Callable[[BatchAccount], None] = lambda _: None
    ) -> None:
        self.settings, self.store, self.on_batch = settings, store, on_batch
        self.catalog = catalog = Catalog(settings)
        self.accounts, self.publisher, self.memory = Accounts(catalog), Publisher(catalog), Memory(catalog)
        self.lease = stream_lease(catalog, settings)
        self.dead_letters = DeadLetters(settings)
        self.models, self.recent = Models(), RecentEvents()
        self._metrics = Beside("metrics", 1_000)
        self.learning = Learning(
            catalog, lambda points: self._metrics.do(partial(write_points, catalog, store, points))
        )
        self._compaction = Compaction(catalog, self.lease)
        self._compacting = Beside("compaction", 1_000, COMPACTION_SHARE)
        self._crash_point = partial(crash_point, settings.run_dir)
        self._spark_catalog: SparkCatalog | None = None
        self._ends: dict[str, int] = {}
        self._newest = ""
        self._is_first = True  # of this start's batches: an earlier start may have begun it
        self.handover = Handover()
        self.given: int | None = None  # Spark's number of the newest batch that is, or will be, processed
        self._since: dict[str, float] = {}  # what is under way, and since when
        self._reads_none = Event()
        self._reads_none.set()

    def begin(self, begun: Beginning, catalog: SparkCatalog, pace: Pace) -> None:
        self.begun, self._spark_catalog, self._pace = begun, catalog, pace
        self._ends, self._newest, self._is_first, self.given = begun.ends, begun.newest, True, None
        self._send_points(self.accounts.last(POINTS_AGAIN))

    def ready(self) -> None:
        """Reads models and memory before the first batch asks for them."""
        assert self._spark_catalog is not None
        self.models.refresh(self._spark_catalog)
        self.memory.ready(self._spark_catalog, self.begun.next, self.models.levels)

    def hangs(self) -> bool:
        """Whether a batch has been at it for longer than any batch takes."""
        return any(time.time() - since > HANGS_S for since in list(self._since.values()))

    def finish(self, seconds: float | None = FINISH_S) -> None:
        """Waits for the running batches, at most about so long."""
        self._reads_none.wait(seconds)
        self.handover.finish(seconds)

    def failed(self) -> None:
        """BatchFailedError where a batch has failed since it was read: none is taken after it."""
        if (failure := self.handover.failure()) is not None:
            raise BatchFailedError(f"{type(failure).__name__}: {failure}") from failure

    def finish_beside(self) -> None:
        """Waits for what is done beside the data path."""
        self.learning.finish(FINISH_S)  # which leaves metrics
        self._metrics.finish(FINISH_S)
        self._compacting.finish(FINISH_S)

    def __call__(self, batch: DataFrame, number: int) -> None:
        """Returns when its records are read and the batch before is done; raises what that one failed with."""
        assert self._spark_catalog is not None
        clock = Clock()
        self._reads_none.clear()
        try:
            with self._under_way("read"):
                records = batch.toArrow()
                clock.lap("read")
                rows = rows_of(self._spark_catalog.spark, records, self.settings.stated_days)
                del records  # of a large batch some 30 MB, while it waits
                clock.lap("decode")
                self.handover.free()
                clock.lap("wait")
            if len(rows):
                self.given = number
                self.handover.give(partial(self._take, self._spark_catalog, rows, self.begun.first + number, clock))
            else:
                self.memory.skip(self.begun.first + number)
        finally:
            self._reads_none.set()

    @contextmanager
    def _under_way(self, name: str) -> Iterator[None]:
        self._since[name] = time.time()
        try:
            yield
        finally:
            del self._since[name]

    def _take(self, catalog: SparkCatalog, rows: pa.Table, number: int, clock: "Clock") -> None:
        with self._under_way("processed"):
            self._process(catalog, rows, number, clock)

    def _process(self, catalog: SparkCatalog, rows: pa.Table, number: int, clock: "Clock") -> None:
        is_good = pc.is_null(rows["reason"])
        self._crash_point("rows read")
        good, bad = rows.filter(is_good), rows.filter(pc.invert(is_good))
        self.models.refresh(catalog)
        with self.memory.before(catalog, number, self.models.levels) as state:
            clock.lap("models")
            taken = state.take(good, self.models.levels)
            histories = self.models.histories(taken.histories, state.months)
            segments = self.models.segments(histories, self.learning.segmentation(self.models.segmentation))
            clock.lap("state")
            self._crash_point("state moved")
            self.lease.check()
            if self._is_first:
                self.publisher.clean(number)
            self.publisher.publish(number, taken, segments, bad, lambda: self.memory.write(number, state))
            clock.lap("write")
            self._crash_point("files written")
            account = self._accounted(number, rows, bad, taken, segments, clock)
            self.lease.check()
            self.accounts.write(account)
            self._is_first, self._ends, self._newest = False, account.ends, account.newest
        self._crash_point("account written")
        self._pace.take(account)
        self._beside(account, taken, histories, segments)
        self.on_batch(account)

    def _accounted(
        self, number: int, rows: pa.Table, bad: pa.Table, taken: Taken, segments: pa.Table, clock: "Clock"
    ) -> BatchAccount:
        """What has become of the batch, once its files are there; those that are no events go to their topic."""
        counted = tally(rows, taken.events, self._newest)
        untouched = {part: [end, end] for part, end in self._ends.items()}
        account = _account(number, self.begun.topic, untouched | counted.offsets, counted, len(rows), taken, clock)
        account = replace(account, dead=self.dead_letters.send(self.begun.topic, bad))
        points = batch_points(account, counted, segments, self.models.sizes(segments))
        return replace(account, points=to_json(points).decode())

    def _beside(self, account: BatchAccount, taken: Taken, histories: "pd.DataFrame", segments: pa.Table) -> None:
        self._send_points([account])
        self._metrics.do(give_back)
        self._compacting.do(partial(self._compaction.take, account))
        if account.batch % PRUNE_EVERY == 0:
            self._metrics.do(lambda: self.publisher.prune(KEPT_BATCHES))
        self.learning.take(Batch(account, taken.events, segments, histories), self.models, self.recent.of)
        self.recent.add(taken.events)

    def _send_points(self, accounts: list[BatchAccount]) -> None:
        self._metrics.do(lambda: send_points(self.catalog, self.store, accounts))

    def _write(self, points: list[Point]) -> None:
        self._metrics.do(lambda: write_points(self.catalog, self.store, points))


class Clock:
    """Laps of a batch, in ms."""

    def __init__(self) -> None:
        self.started = self._last = time.time()
        self.laps: dict[str, int] = {}

    def lap(self, name: str) -> None:
        now = time.time()
        self.laps[name], self._last = round((now - self._last) * 1000), now


def _account(
    number: int, topic: str, offsets: Offsets, counted: Tally, rows: int, taken: Taken, clock: Clock
) -> BatchAccount:
    now_ms = time.time() * 1000
    return BatchAccount(
        batch=number,
        topic=topic,
        offsets=offsets,
        **counts(rows, taken, counted),
        arrived=dt.datetime.fromtimestamp(counted.last_ms / 1000, dt.UTC).isoformat(),
        duration_ms=round(now_ms - clock.started * 1000) - clock.laps.get("wait", 0),
        latency_p50_ms=round(now_ms - counted.median_ms),
        latency_max_ms=round(now_ms - counted.first_ms),
        steps_ms=clock.laps,
    )
