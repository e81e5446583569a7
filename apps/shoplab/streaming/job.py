"""The stream: at every trigger Kafka's new events go to HDFS, and their users' features, segments and
recommendations follow.

A batch done twice (after a kill) leaves what it leaves when done once: stored events are not added again, the batch's
own directories are overwritten, and its points carry the batch's own time.
"""

import datetime as dt
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplab.behaviour.products import products
from shoplab.core.errors import LabError, ServiceError
from shoplab.core.frames import SparkCatalog, kept
from shoplab.core.settings import Settings
from shoplab.events import clean
from shoplab.events.bad_rows import write_rejected
from shoplab.events.mapping import load_mapping
from shoplab.events.store import add_new
from shoplab.metrics.spool import write_or_spool
from shoplab.metrics.store import MetricStore
from shoplab.streaming import live
from shoplab.streaming.points import batch_points, top_products
from shoplab.streaming.tally import Tally, tally
from shoplab.streaming.users import LiveUsers, batch_name

if TYPE_CHECKING:
    from pyspark.sql.streaming.query import StreamingQuery

KEPT_BATCHES, PRUNE_EVERY = 500, 50  # of the live tables: over an hour; accounts stay
ALIVE_S = 5
MOST_EVENTS = 200_000  # a batch, so that a backlog is worked off in bounded steps


@dataclass(frozen=True)
class BatchAccount:
    """Grain: one micro-batch. rows = new + duplicates + rejected. Times in ms; latency: from Kafka's clock to the
    batch's end.
    """

    batch: int
    rows: int
    new: int
    duplicates: int
    rejected: int
    users: int
    recommended: int
    duration_ms: int
    latency_p50_ms: int
    latency_max_ms: int
    arrived: str

    def line(self) -> str:
        return (
            f"batch {self.batch}: {self.rows:,} events = {self.new:,} new + {self.duplicates:,} duplicates"
            f" + {self.rejected:,} rejected; {self.users:,} users, {self.recommended:,} with recommendations;"
            f" {self.duration_ms / 1000:.1f} s, latency {self.latency_p50_ms / 1000:.1f} s"
            f" (max {self.latency_max_ms / 1000:.1f})"
        )


class LiveJob:
    """What a micro-batch needs besides its rows. Call it with (records, batch_id). on_batch is told each account."""

    def __init__(
        self, settings: Settings, store: MetricStore, on_batch: Callable[[BatchAccount], None] = lambda _: None
    ) -> None:
        self.settings = settings
        self.store = store
        self.mapping = load_mapping("rees46")
        self.users = LiveUsers()
        self.on_batch = on_batch

    def __call__(self, records: DataFrame, batch_id: int) -> None:
        started = time.time()
        session = records.sparkSession
        # Streaming switches adaptive execution off, which would fold small shuffles: a batch is small, and so are they
        session.conf.set("spark.sql.shuffle.partitions", session.sparkContext.defaultParallelism)
        catalog = SparkCatalog(self.settings, session)
        with kept(live.read_records(records, self.mapping, self.settings.days)) as rows:
            counted = tally(rows)
            if counted.rows:
                self._process(catalog, rows, counted, batch_id, started)

    def _process(self, catalog: SparkCatalog, rows: DataFrame, counted: Tally, batch_id: int, started: float) -> None:
        if counted.rejected:
            _write_rejected(catalog, rows, batch_id)
        good = clean.good(rows)
        new, users, recommended = 0, None, 0
        if counted.first_day and counted.last_day:
            days = str(counted.first_day), str(counted.last_day)
            new = add_new(catalog, clean.good_events(rows), *days, little=True)
            with kept(live.events_of_users(good, _stored_since(catalog, counted.first_day))) as theirs:
                users = self.users.update(catalog, live.touched_users(theirs, _products(catalog)), batch_id)
                recommended = self.users.recommend(catalog, theirs, users, batch_id)
        account = _account(counted, batch_id, new, 0 if users is None else len(users), recommended, started)
        points = batch_points(account, counted, top_products(good), users, self.users.sizes(users))
        write_or_spool(self.store, catalog.storage, catalog.path("temp", "metrics-spool"), points)
        catalog.storage.write_json(catalog.path("live", "accounts", f"{batch_name(batch_id)}.json"), asdict(account))
        if batch_id % PRUNE_EVERY == 0:
            for table in ("live/users", "live/segments", "recommendations"):
                catalog.prune(table, KEPT_BATCHES)
        self.on_batch(account)


def start_stream(settings: Settings, spark: SparkSession, job: LiveJob, drain: bool = False) -> "StreamingQuery":
    """Starts the query; with `drain` it ends by itself when what is in Kafka now has been processed."""
    catalog = SparkCatalog(settings, spark)
    records = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.kafka)
        .option("subscribe", settings.events_topic)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", MOST_EVENTS)
        .load()
    )
    writer = records.writeStream.queryName("shoplab").foreachBatch(job)
    writer = writer.option("checkpointLocation", catalog.uri("temp", "checkpoints", settings.events_topic))
    every = f"{settings.trigger_ms} milliseconds"
    return (writer.trigger(availableNow=True) if drain else writer.trigger(processingTime=every)).start()


def run_stream(
    settings: Settings, spark: SparkSession, job: LiveJob, drain: bool = False, echo: Callable[[str], None] = print
) -> None:
    """Runs the stream until it is drained or stopped (Ctrl-C, SIGTERM), with a line a batch."""
    job.on_batch = lambda account: echo(account.line())
    query = start_stream(settings, spark, job, drain)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    alive = settings.run_dir / "stream.alive"
    alive.parent.mkdir(parents=True, exist_ok=True)
    try:
        while not query.awaitTermination(ALIVE_S):
            alive.touch()  # the container's healthcheck looks at its age
    except KeyboardInterrupt:
        query.stop()
    except StreamingQueryException as error:
        raise stream_error(error) from error


def stream_error(error: Exception) -> LabError:
    """One line for a query that failed: the last cause that names itself."""
    causes = [line.strip() for line in str(error).splitlines() if "Error:" in line or "Exception:" in line]
    return ServiceError(
        f"the stream stopped: {(causes or [str(error)])[-1][:300]}; ./lab status, then ./lab stream again"
    )


def _write_rejected(catalog: SparkCatalog, rows: DataFrame, batch_id: int) -> None:
    bad = rows.where("reason is not null").withColumn("raw", F.concat_ws(" ", "source", "raw"))
    write_rejected(catalog, f"kafka-{batch_name(batch_id)}", bad)


def _stored_since(catalog: SparkCatalog, day: dt.date) -> DataFrame:
    """Stored events from the start of the day's month on."""
    days = [stored for stored in catalog.partitions("events") if stored >= f"{day:%Y-%m-01}"]
    return catalog.read_partitions("events", "date", days)


def _products(catalog: SparkCatalog) -> DataFrame:
    """Price levels as of the last `./lab analyse`; before the first, of what is stored now."""
    return catalog.read("analysis/products") if catalog.has("analysis/products") else products(catalog.read("events"))


def _account(counted: Tally, batch_id: int, new: int, users: int, recommended: int, started: float) -> BatchAccount:
    now_ms = time.time() * 1000
    return BatchAccount(
        batch=batch_id,
        rows=counted.rows,
        new=new,
        duplicates=counted.rows - counted.rejected - new,
        rejected=counted.rejected,
        users=users,
        recommended=recommended,
        duration_ms=round(now_ms - started * 1000),
        latency_p50_ms=round(now_ms - counted.median_ms),
        latency_max_ms=round(now_ms - counted.first_ms),
        arrived=counted.arrived.isoformat(),
    )
