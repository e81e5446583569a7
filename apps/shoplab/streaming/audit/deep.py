"""The look that reads every event: what is stored twice, whom the stream's memory has forgotten, which points lack."""

from collections.abc import Sequence

import numpy as np

from shoplab.core.catalog import Catalog
from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings
from shoplab.metrics.store import MetricStore
from shoplab.streaming.accounts import Accounts, BatchAccount
from shoplab.streaming.audit.points import without_point
from shoplab.streaming.audit.stored import Stored, stored
from shoplab.streaming.memory import STATE
from shoplab.streaming.state.files import StateFiles
from shoplab.streaming.state.state import StreamState


def deep_faults(settings: Settings, store: MetricStore) -> list[str]:
    """A line for each thing that does not close. Reads once all events of days and months that the stream knows."""
    catalog = Catalog(settings)
    accounts = list(Accounts(catalog).all())
    if not accounts:
        return []
    touched = {day for account in accounts for day in account.days}
    state = _memory(catalog, accounts[-1])
    found = stored(catalog, touched.union(_days(catalog, state)))
    doubles = [
        f"{day}: {events:,} events are stored more than once"
        for day, events in found.doubles.items() if day in touched
    ]  # fmt: skip
    return [*doubles, *_forgotten(state, found), *_points(catalog, store, accounts)]


def forgets_users(catalog: Catalog, last: BatchAccount) -> bool:
    """Whether the memory after that batch has not the users whose events are stored."""
    state = _memory(catalog, last)
    return bool(_forgotten(state, stored(catalog, _days(catalog, state))))


def _memory(catalog: Catalog, last: BatchAccount) -> StreamState | None:
    """None where it will be made from what is stored."""
    return StateFiles(catalog.storage, catalog.path(*STATE)).restore(last.batch)


def _days(catalog: Catalog, state: StreamState | None) -> list[str]:
    """Stored ones of the months whose users it knows."""
    return [] if state is None else [day for day in catalog.partitions("events") if day[:7] in state.months]


def _forgotten(state: StreamState | None, found: Stored) -> list[str]:
    if state is None:
        return []
    known = [table.keys() for _, table in state.users.tables()]
    there = [found.users[month] for month in state.months & found.users.keys()]
    in_memory, on_hdfs = (len(np.unique(np.concatenate(some))) if some else 0 for some in (known, there))
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
