"""What the first batch would wait for, done before it: plans compiled, models and memory read, libraries loaded."""

import datetime as dt
import logging
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from shoplab.core.kafka import topic_state
from shoplab.core.settings import Settings
from shoplab.streaming.job import LiveJob
from shoplab.streaming.rows import records, rows_of
from shoplab.streaming.source import between
from shoplab.streaming.state.state import StreamState

_RECORDS = 3_000  # of each partition

log = logging.getLogger(__name__)


def warm(settings: Settings, spark: SparkSession, job: LiveJob) -> None:
    """Reads the topic's newest records as a batch would, to no end; meanwhile the job reads what it needs. A failure is
    none: the first batch meets it again, if it is one.
    """
    with ThreadPoolExecutor(1) as pool:
        ready = pool.submit(job.ready)
        try:
            _rehearse(job, rows_of(spark, _newest(settings, spark), settings.stated_days))
        except Exception as error:
            log.warning("the stream begins cold: %s", str(error).splitlines()[0])
        ready.result()


def _newest(settings: Settings, spark: SparkSession) -> pa.Table:
    """With one that replay would not write: both ways of reading are compiled."""
    topic = topic_state(settings)
    starts = {part: max(topic.firsts[part], end - _RECORDS) for part, end in topic.ends.items()}
    found = records(between(settings, spark, starts, topic.ends)).toArrow()
    now = dt.datetime.now(dt.UTC)
    odd = {"partition": [0], "offset": [0], "timestamp": [now], "value": [b"{}"]}
    return pa.concat_tables([found, pa.table(odd, found.schema)])


def _rehearse(job: LiveJob, rows: pa.Table) -> None:
    """With a memory that is thrown away."""
    good = rows.filter(pc.is_null(rows["reason"]))
    if len(good):
        taken = StreamState().take(good, job.models.levels)
        job.models.segments(job.models.histories(taken.histories, set()), job.models.segmentation)
