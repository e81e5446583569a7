"""Makes again what is gone of the stream's events, from what Kafka still has."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from shoplab.core.catalog import Catalog
from shoplab.core.frames import SparkCatalog
from shoplab.core.kafka import topic_state
from shoplab.core.settings import Settings
from shoplab.metrics.store import MetricStore
from shoplab.streaming.accounts import Accounts, BatchAccount
from shoplab.streaming.audit.balance import differences
from shoplab.streaming.audit.deep import forgets_users
from shoplab.streaming.audit.points import send_points, without_point
from shoplab.streaming.lease import stream_lease
from shoplab.streaming.memory import STATE, from_stored
from shoplab.streaming.models import levels
from shoplab.streaming.publish import Publisher
from shoplab.streaming.records import stream_rows
from shoplab.streaming.source import between

Say = Callable[[str], None]


def repair(settings: Settings, spark: SparkSession, store: MetricStore, say: Say = print) -> None:
    """Events whose files are gone, files of no finished batch, points, and a memory that has lost users. LabError while
    a stream runs.
    """
    catalog = SparkCatalog(settings, spark)
    with _alone(catalog, settings):
        accounts = list(Accounts(catalog).all())
        gone, strays = differences(catalog, accounts)
        for path in strays:
            catalog.storage.delete(path)
            say(f"deleted {path}, of no finished batch")
        _events(settings, catalog, accounts, gone, say)
        if accounts and forgets_users(catalog, accounts[-1]):
            catalog.storage.delete(catalog.path(*STATE))
            say("the stream's memory is made from the stored events when it starts next")
        if lacking := without_point(catalog, store, accounts):
            send_points(catalog, store, lacking)
            say(f"points of {len(lacking):,} batches were sent again")


@contextmanager
def _alone(catalog: Catalog, settings: Settings) -> Iterator[None]:
    lease = stream_lease(catalog, settings)
    lease.acquire()
    try:
        yield
    finally:
        lease.release()


def _events(
    settings: Settings, catalog: SparkCatalog, accounts: list[BatchAccount], gone: Collection[tuple[int, str]], say: Say
) -> None:
    """gone: (batch, day). Does the topic's batches again, in a memory of their own, as far as Kafka has their records:
    what a batch makes follows from its records and from those before it.
    """
    topic = topic_state(settings)
    here = [
        account for account in accounts
        if account.topic == topic.id and all(at[0] >= topic.firsts.get(p, 0) for p, at in account.offsets.items())
    ]  # fmt: skip
    for batch, day in sorted(set(gone) - {(account.batch, day) for account in here for day in account.days}):
        say(f"batch {batch}, {day}: Kafka has its records no longer")
    if not {batch for batch, _ in gone} & {account.batch for account in here}:
        return
    known, publisher = levels(catalog), Publisher(catalog)
    state = from_stored(catalog, here[0].batch, known)
    for account in here:
        events = state.take(_records(settings, catalog.spark, account), known).events
        for day in [day for batch, day in gone if batch == account.batch]:
            rows = events.filter(pc.equal(events["date"], pa.scalar(day).cast(events["date"].type)))
            publisher.write_events(account.batch, day, rows)
            say(f"batch {account.batch}, {day}: {len(rows):,} of {account.days[day]:,} events are there again")


def _records(settings: Settings, spark: SparkSession, account: BatchAccount) -> pa.Table:
    """The good rows of a batch, in the topic's order."""
    starts, ends = ({part: at[place] for part, at in account.offsets.items()} for place in (0, 1))
    rows = stream_rows(between(settings, spark, starts, ends), settings.stated_days).toArrow()
    rows = rows.sort_by([("partition", "ascending"), ("offset", "ascending")]).combine_chunks()
    return rows.filter(pc.is_null(rows["reason"]))
