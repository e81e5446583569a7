"""The stream: at every trigger Kafka's new events go to HDFS, and their users' features and segments follow.

One Spark job a batch, whose plan is built once: Kafka's records -> typed rows with their hashes, as Arrow. What a batch
leaves follows from its rows and from the state before it (streaming.state): done again after a kill it leaves the same
files under the same names, with the same counts. The account is written last.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession

from shoplab.core.catalog import Catalog
from shoplab.core.frames import SparkCatalog
from shoplab.core.settings import Settings
from shoplab.events.mapping import REES46, load_mapping
from shoplab.metrics.point import Point
from shoplab.metrics.spool import write_or_spool
from shoplab.metrics.store import MetricStore
from shoplab.recommend.data.histories import UserContext
from shoplab.streaming.accounts import Accounts, BatchAccount, Offsets
from shoplab.streaming.beginning import Beginning, beginning
from shoplab.streaming.beside import Beside
from shoplab.streaming.lease import Lease
from shoplab.streaming.memory import Memory
from shoplab.streaming.models import Models
from shoplab.streaming.points import batch_points
from shoplab.streaming.publish import Publisher
from shoplab.streaming.ranking import RecentEvents, recommendations
from shoplab.streaming.records import hashed, read_records
from shoplab.streaming.sizes import Size
from shoplab.streaming.state.state import Taken
from shoplab.streaming.tally import Tally, tally

if TYPE_CHECKING:
    from pyspark.sql.streaming.query import StreamingQuery

    from shoplab.recommend.model.recommender import Recommender

KEPT_BATCHES, PRUNE_EVERY = 500, 50  # of the live tables: over an hour; accounts stay
MOST_EVENTS = 200_000  # a batch, so that a backlog is worked off in bounded steps
FINISH_S = 60.0  # for what is being done when the stream ends
HANGS_S = 600.0


class LiveJob:
    """What a micro-batch needs besides its rows. Call it with (rows of `records.hashed`, Spark's number of the batch),
    after `begin`. on_batch is told each account.
    """

    def __init__(
        self, settings: Settings, store: MetricStore, on_batch: Callable[[BatchAccount], None] = lambda _: None
    ) -> None:
        self.settings, self.store, self.on_batch = settings, store, on_batch
        self.catalog = catalog = Catalog(settings)
        self.accounts, self.publisher, self.memory = Accounts(catalog), Publisher(catalog), Memory(catalog)
        self.lease = Lease(catalog.storage, catalog.path("temp", "stream-lease", settings.events_topic))
        self.models, self.recent = Models(), RecentEvents()
        self._metrics, self._ranking = Beside("metrics", 1_000), Beside("recommendations", 1)
        self._begun: tuple[Beginning, SparkCatalog] | None = None
        self._ends: dict[str, int] = {}
        self._is_first = True  # of this start's batches: an earlier start may have begun it
        self._busy_since: float | None = None
        self._idle = Event()
        self._idle.set()

    def begin(self, begun: Beginning, catalog: SparkCatalog) -> None:
        self._begun, self._ends, self._is_first = (begun, catalog), begun.ends, True

    def hangs(self) -> bool:
        """Whether a batch has been at it for longer than any batch takes."""
        since = self._busy_since
        return since is not None and time.time() - since > HANGS_S

    def finish(self) -> None:
        """Waits for the running batch."""
        self._idle.wait(FINISH_S)

    def finish_beside(self) -> None:
        """Waits for what is done beside the data path."""
        self._ranking.finish(FINISH_S)  # which leaves metrics
        self._metrics.finish(FINISH_S)

    def __call__(self, batch: DataFrame, number: int) -> None:
        assert self._begun is not None
        begun, catalog = self._begun
        clock = Clock()
        self._idle.clear()
        self._busy_since = clock.started
        try:
            rows = batch.toArrow()
            clock.lap("read")
            if len(rows):
                self._process(catalog, rows, begun.first + number, begun.topic, clock)
        finally:
            self._busy_since = None
            self._idle.set()

    def _process(self, catalog: SparkCatalog, rows: pa.Table, number: int, topic: str, clock: "Clock") -> None:
        rows = rows.sort_by([("partition", "ascending"), ("offset", "ascending")]).combine_chunks()
        is_good = pc.is_null(rows["reason"])
        good, bad = rows.filter(is_good), rows.filter(pc.invert(is_good))
        self.models.refresh(catalog)
        with self.memory.before(catalog, number, self.models.levels) as state:
            clock.lap("models")
            taken = state.take(good, self.models.levels)
            segments = self.models.segments(taken.histories, state.months)
            clock.lap("state")
            self.lease.check()
            if self._is_first:
                self.publisher.clean(number)
            self.publisher.publish(number, taken, segments, bad, lambda: self.memory.write(number, state))
            clock.lap("write")
            counted = tally(rows, taken.events)
            untouched = {part: [end, end] for part, end in self._ends.items()}
            account = _account(number, topic, untouched | counted.offsets, counted, len(rows), len(bad), taken, clock)
            self.lease.check()
            self.accounts.write(account)
            self._is_first, self._ends = False, account.ends
        sizes = self.models.sizes(segments)
        self._beside(number, account, counted, taken, segments, sizes)
        self.on_batch(account)

    def _beside(
        self, number: int, account: BatchAccount, counted: Tally, taken: Taken, segments: pa.Table,
        sizes: dict[str, Size],
    ) -> None:  # fmt: skip
        spool, points = self.catalog.path("temp", "metrics-spool"), batch_points(account, counted, segments, sizes)
        self._metrics.do(lambda: write_or_spool(self.store, self.catalog.storage, spool, points))
        if number % PRUNE_EVERY == 0:
            self._metrics.do(lambda: self.publisher.prune(KEPT_BATCHES))
        latest, model = self.recent.add(taken.events), self.models.recommender
        if model is not None and latest:
            places = dict(zip(segments["user_id"].to_pylist(), segments["segment"].to_pylist(), strict=True))
            contexts = [UserContext(user, places.get(user), self.recent.of(user)) for user in latest]
            self._ranking.do(partial(self._recommend, account, model, contexts))

    def _recommend(self, account: BatchAccount, model: "Recommender", contexts: list[UserContext]) -> None:
        self.publisher.write("recommendations", account.batch, recommendations(model, contexts))
        point = Point("stream_batch", {}, {"recommended": len(contexts)}, dt.datetime.fromisoformat(account.arrived))
        self._metrics.do(lambda: self.store.write([point]))


class Clock:
    """Laps of a batch, in ms."""

    def __init__(self) -> None:
        self.started = self._last = time.time()
        self.laps: dict[str, int] = {}

    def lap(self, name: str) -> None:
        now = time.time()
        self.laps[name], self._last = round((now - self._last) * 1000), now


def _account(
    number: int, topic: str, offsets: Offsets, counted: Tally, rows: int, bad: int, taken: Taken, clock: Clock
) -> BatchAccount:
    now_ms = time.time() * 1000
    days = {str(row["values"]): row["counts"] for row in pc.value_counts(taken.events["date"]).to_pylist()}
    return BatchAccount(
        batch=number,
        topic=topic,
        offsets=offsets,
        rows=rows,
        new=len(taken.events),
        duplicates=taken.duplicates,
        rejected=bad,
        filled=taken.filled,
        users=len(pc.unique(taken.users["user_id"])),
        days=dict(sorted(days.items())),
        arrived=dt.datetime.fromtimestamp(counted.last_ms / 1000, dt.UTC).isoformat(),
        duration_ms=round(now_ms - clock.started * 1000),
        latency_p50_ms=round(now_ms - counted.median_ms),
        latency_max_ms=round(now_ms - counted.first_ms),
        steps_ms=clock.laps,
    )


def _start(
    settings: Settings, spark: SparkSession, job: LiveJob, drain: bool, say: Callable[[str], None]
) -> "StreamingQuery":
    job.lease.acquire()
    begun = beginning(settings, job.catalog)
    if begun.said:
        say(begun.said)
    job.begin(begun, SparkCatalog(settings, spark))
    # Batches are small and alike: their plan needs no second thoughts, and its classes are compiled once
    spark.conf.set("spark.sql.adaptive.streaming.stateless.enabled", "false")
    records = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.kafka)
        .option("subscribe", settings.events_topic)
        .option("startingOffsets", begun.offsets)
        .option("maxOffsetsPerTrigger", MOST_EVENTS)
        .load()
    )
    rows = hashed(read_records(records, load_mapping(REES46), (settings.first_day, settings.last_day)))
    writer = rows.writeStream.queryName("shoplab").foreachBatch(job)
    writer = writer.option("checkpointLocation", settings.hdfs + begun.checkpoint)
    every = f"{settings.trigger_ms} milliseconds"
    return (writer.trigger(availableNow=True) if drain else writer.trigger(processingTime=every)).start()


@contextmanager
def streaming(
    settings: Settings, spark: SparkSession, job: LiveJob, drain: bool = False, say: Callable[[str], None] = print
) -> "Iterator[StreamingQuery]":
    """The query while it runs; with `drain` it ends by itself when what is in Kafka now has been processed. LabError
    where another stream runs. Whatever ends it, the next stream finds the place free.
    """
    query = None
    try:
        query = _start(settings, spark, job, drain, say)
        yield query
    finally:
        if query is not None:
            job.finish()
            query.stop()
            job.finish_beside()
        job.lease.release()
