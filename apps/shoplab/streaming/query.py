"""The query that calls the job: started, started anew where batches are to be larger or smaller, stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from shoplab.core.errors import ServiceError
from shoplab.core.frames import SparkCatalog
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.streaming.beginning import beginning
from shoplab.streaming.job import LiveJob
from shoplab.streaming.pace import Pace
from shoplab.streaming.rows import records
from shoplab.streaming.source import options
from shoplab.streaming.warmup import warm

if TYPE_CHECKING:
    from pyspark.sql.streaming.query import StreamingQuery

_PLAN = {
    # Batches are small and alike: their plan needs no second thoughts, and its classes are compiled once
    "spark.sql.adaptive.streaming.stateless.enabled": "false",
    # The few records that Spark has to decode itself (rows.py) it decodes where it plans, without a job
    "spark.sql.execution.arrow.localRelationThreshold": "256k",
    # The plan's wide projections as one method are too large for Java's compiler: in pieces they take half the time
    "spark.sql.codegen.wholeStage": "false",
}
_LOOK_S = 1  # how often the pace is asked
_COMMIT_S = 5.0


class Running:
    """The query while it runs. drain: it ends by itself when what is in Kafka now has been processed."""

    def __init__(self, settings: Settings, spark: SparkSession, job: LiveJob, drain: bool) -> None:
        self._settings, self._spark, self._job, self._drain = settings, spark, job, drain
        self._pace = Pace(settings.trigger_ms)
        self._query: StreamingQuery | None = None

    @property
    def query(self) -> "StreamingQuery":
        """The one that runs now."""
        assert self._query is not None, "not started"
        return self._query

    def start(self, say: Callable[[str], None]) -> None:
        """LabError where another stream runs."""
        settings, job = self._settings, self._job
        job.lease.acquire()
        begun = beginning(settings, job.catalog)
        if begun.said:
            say(begun.said)
        for name, value in _PLAN.items():
            self._spark.conf.set(name, value)
        job.begin(begun, SparkCatalog(settings, self._spark), self._pace)
        if not self._drain:
            warm(settings, self._spark, job)
        self._start()

    def wait(self, seconds: int | None = None) -> bool:
        """Whether the query has ended by itself, at the latest after so many seconds; without them, when it has.
        BatchFailedError where a batch failed, StreamingQueryException where Spark did.
        """
        waited = 0
        while not self._has_ended(_LOOK_S):
            waited += _LOOK_S
            if self._pace.changed():
                self._stop()
                self._start()
            if seconds is not None and waited >= seconds:
                return False
        self._await_processed()
        return True

    def process_all(self) -> None:
        """Waits until what Kafka has now is processed. Raises what `wait` raises."""
        self.query.processAllAvailable()
        self._await_processed()

    def _await_processed(self) -> None:
        """What Spark has read, however long that takes."""
        self._job.finish(None)
        self._job.failed()

    def _has_ended(self, seconds: int) -> bool:
        self._job.failed()
        try:
            return bool(self.query.awaitTermination(seconds))
        except StreamingQueryException:
            self._job.failed()  # where that is why, it says it in fewer words
            raise

    def end(self) -> None:
        """After the running batch, and what is done beside it."""
        if self._query is not None:
            self._stop()
            self._job.finish_beside()
        self._job.lease.release()

    def _stop(self) -> None:
        self._job.handover.close()  # what is only being read is left to the next query
        self._await_commit()
        self.query.stop()
        self._job.finish()

    def _await_commit(self) -> None:
        """Of what is processed: the next query would do it once more. Not for long, as where HDFS is away."""
        job = self._job
        commit = f"{job.begun.checkpoint}/commits/{job.given}"

        def is_written() -> bool:
            return job.given is None or not self.query.isActive or job.catalog.storage.exists(commit)

        with suppress(ServiceError):
            wait_until(is_written, _COMMIT_S, "Spark commits nothing", 0.05)

    def _start(self) -> None:
        begun = self._job.begun
        self._job.handover.open()
        reader = self._spark.readStream.format("kafka").options(**options(self._settings))
        reader = reader.option("startingOffsets", begun.offsets).option("maxOffsetsPerTrigger", self._pace.limit)
        writer = records(reader.load()).writeStream.queryName("shoplab").foreachBatch(self._job)
        writer = writer.option("checkpointLocation", self._settings.hdfs + begun.checkpoint)
        every = f"{self._settings.trigger_ms} milliseconds"
        trigger = writer.trigger(availableNow=True) if self._drain else writer.trigger(processingTime=every)
        self._query = trigger.start()


@contextmanager
def streaming(
    settings: Settings, spark: SparkSession, job: LiveJob, drain: bool = False, say: Callable[[str], None] = print
) -> Iterator[Running]:
    """The query while it runs. LabError where another stream runs. Whatever ends it, the next stream finds the place
    free.
    """
    running = Running(settings, spark, job, drain)
    try:
        running.start(say)
        yield running
    finally:
        running.end()
