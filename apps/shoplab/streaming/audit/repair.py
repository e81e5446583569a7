"""Makes again what is gone of the stream's events, from what Kafka still has."""

from collections.abc import Callable

from pyspark.sql import SparkSession

from shoplab.core.frames import SparkCatalog
from shoplab.core.settings import Settings
from shoplab.core.switch import settle_all
from shoplab.metrics.store import MetricStore
from shoplab.streaming.accounts import Accounts, BatchAccount
from shoplab.streaming.audit.again import alone, done_again, within_reach
from shoplab.streaming.audit.deep import forgets_users
from shoplab.streaming.audit.files import Differences, differences
from shoplab.streaming.audit.points import send_points, without_point
from shoplab.streaming.memory import STATE
from shoplab.streaming.publish import Publisher

Say = Callable[[str], None]


def repair(settings: Settings, spark: SparkSession, store: MetricStore, say: Say = print) -> None:
    """Events whose files are gone, files of no finished batch, points, and a memory that has lost users. LabError while
    a stream runs.
    """
    catalog = SparkCatalog(settings, spark)
    with alone(catalog, settings):
        settle_all(catalog.storage, catalog.path("events"))
        accounts = list(Accounts(catalog).all())
        found = differences(catalog, accounts)
        for path in found.strays:
            catalog.storage.delete(path)
            say(f"deleted {path}, of no finished batch")
        here = within_reach(settings, accounts)
        _events(settings, catalog, here, _to_make(catalog, found, here, say), say)
        if accounts and forgets_users(catalog, accounts[-1]):
            catalog.storage.delete(catalog.path(*STATE))
            say("the stream's memory is made from the stored events when it starts next")
        if lacking := without_point(catalog, store, accounts):
            send_points(catalog, store, lacking)
            say(f"points of {len(lacking):,} batches were sent again")


def _to_make(catalog: SparkCatalog, found: Differences, here: list[BatchAccount], say: Say) -> set[tuple[int, str]]:
    """(batch, day) of what can be made again. A merged file goes, where all of it can: its batches then have files of
    their own.
    """
    can = {(account.batch, day) for account in here for day in account.days}
    make = found.gone.keys() & can
    for path, pieces in found.spoilt.items():
        if pieces <= can:
            catalog.storage.delete(path)
            say(f"deleted {path}, which lacks events of its batches")
            make |= pieces
        else:
            make -= pieces
    for batch, day in sorted(found.gone.keys() - make):
        say(f"batch {batch}, {day}: Kafka has its records no longer")
    return make


def _events(
    settings: Settings, catalog: SparkCatalog, here: list[BatchAccount], make: set[tuple[int, str]], say: Say
) -> None:
    """make: (batch, day). Does the topic's batches again, in a memory of their own, as far as Kafka has their records:
    what a batch makes follows from its records and from those before it.
    """
    if not make:
        return
    publisher = Publisher(catalog)
    for again in done_again(settings, catalog, here):
        account = again.account
        for day in sorted(day for batch, day in make if batch == account.batch):
            rows = again.events_of(day)
            publisher.write_events(account.batch, day, rows)
            say(f"batch {account.batch}, {day}: {len(rows):,} of {account.days[day]:,} events are there again")
