"""The topic's batches done again, in a memory of their own: what a batch makes follows from its records and from those
before it.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from shoplab.core.catalog import Catalog
from shoplab.core.frames import SparkCatalog
from shoplab.core.kafka import topic_state
from shoplab.core.settings import Settings
from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.lease import Lease, stream_lease
from shoplab.streaming.memory import from_stored
from shoplab.streaming.models import levels
from shoplab.streaming.rows import records, rows_of
from shoplab.streaming.source import between
from shoplab.streaming.state.state import Taken


class Again(NamedTuple):
    """account: as it was. rows: all of the batch's records, as `records.hashed` has them, in the topic's order. taken:
    what today's code and rules make of them.
    """

    account: BatchAccount
    rows: pa.Table
    taken: Taken

    @property
    def rejected(self) -> pa.Table:
        return self.rows.filter(pc.is_valid(self.rows["reason"]))

    @property
    def days(self) -> list[str]:
        """Of its new events."""
        return sorted(map(str, pc.unique(self.taken.events["date"]).to_pylist()))

    def events_of(self, day: str) -> pa.Table:
        """Its new events of that day."""
        events = self.taken.events
        return events.filter(pc.equal(events["date"], pa.scalar(day).cast(events["date"].type)))


@contextmanager
def alone(catalog: Catalog, settings: Settings) -> Iterator[Lease]:
    """LabError while a stream runs; none starts meanwhile."""
    lease = stream_lease(catalog, settings)
    lease.acquire()
    try:
        yield lease
    finally:
        lease.release()


def within_reach(settings: Settings, accounts: list[BatchAccount]) -> list[BatchAccount]:
    """Those of the topic as it is now of which Kafka has all records still."""
    topic = topic_state(settings)
    return [
        account for account in accounts
        if account.topic == topic.id and all(at[0] >= topic.firsts.get(p, 0) for p, at in account.offsets.items())
    ]  # fmt: skip


def done_again(
    settings: Settings, catalog: SparkCatalog, accounts: list[BatchAccount], months: Collection[str] = ()
) -> Iterator[Again]:
    """One after the other. accounts: those within reach, at least one. months: of which the stored events of earlier
    batches are known, besides the newest.
    """
    known = levels(catalog)
    state = from_stored(catalog, accounts[0].batch, known, months)
    for account in accounts:
        rows = _records(settings, catalog.spark, account)
        yield Again(account, rows, state.take(rows.filter(pc.is_null(rows["reason"])), known))


def _records(settings: Settings, spark: SparkSession, account: BatchAccount) -> pa.Table:
    starts, ends = ({part: at[place] for part, at in account.offsets.items()} for place in (0, 1))
    return rows_of(spark, records(between(settings, spark, starts, ends)).toArrow(), settings.stated_days)
