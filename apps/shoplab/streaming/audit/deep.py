"""The look that reads every event: what is stored twice, whom the stream's memory has forgotten, which points lack."""

from collections.abc import Sequence

import numpy as np

from shoplab.core.catalog import Catalog
from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings
from shoplab.metrics.store import MetricStore
from shoplab.streaming.accounts import Accounts, BatchAccount
from shoplab.streaming.audit.points import without_point
from shoplab.streaming.audit.stored import stored
from shoplab.streaming.memory import STATE
from shoplab.streaming.state.files import StateFiles


def deep_faults(settings: Settings, store: MetricStore) -> list[str]:
    """A line for each thing that does not close. Reads all events of the days and months that the stream knows."""
    catalog = Catalog(settings)
    accounts = list(Accounts(catalog).all())
    if not accounts:
        return []
    return [*_doubles(catalog, accounts), *forgotten_users(catalog, accounts[-1]), *_points(catalog, store, accounts)]


def _doubles(catalog: Catalog, accounts: Sequence[BatchAccount]) -> list[str]:
    days = {day for account in accounts for day in account.days}
    found = stored(catalog, days)
    return [f"{day}: {events:,} events are stored more than once" for day, events in found.doubles.items()]


def forgotten_users(catalog: Catalog, last: BatchAccount) -> list[str]:
    """A line where the memory after that batch has not the users whose events are stored."""
    state = StateFiles(catalog.storage, catalog.path(*STATE)).restore(last.batch)
    if state is None:
        return []  # it will be made from what is stored
    known = [table.keys() for _, table in state.users.tables()]
    days = [day for day in catalog.partitions("events") if day[:7] in state.months]
    in_memory, on_hdfs = len(np.unique(np.concatenate(known))) if known else 0, len(stored(catalog, days).users)
    if in_memory == on_hdfs:
        return []
    months = " and ".join(sorted(state.months))
    return [f"the stream's memory has {in_memory:,} users of {months}, the events on HDFS are of {on_hdfs:,}"]


def _points(catalog: Catalog, store: MetricStore, accounts: Sequence[BatchAccount]) -> list[str]:
    try:
        lacking = without_point(catalog, store, accounts)
    except ServiceError as error:
        return [f"points were not compared: {error}"]
    if not lacking:
        return []
    return [f"{len(lacking):,} batches have no point in the metric store, the first of them batch {lacking[0].batch}"]
