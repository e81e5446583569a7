"""The metric points of batches: which are neither in the store nor wait for it, and how they get there again."""

import datetime as dt
from collections.abc import Iterable, Sequence

from shoplab.core.catalog import Catalog
from shoplab.metrics.point import Point, from_json
from shoplab.metrics.spool import waiting_points, write_or_spool
from shoplab.metrics.store import MetricStore
from shoplab.streaming.accounts import BatchAccount

SPOOL = ("temp", "metrics-spool")
_LATE = dt.timedelta(days=7)  # how far back points are looked for


def without_point(catalog: Catalog, store: MetricStore, accounts: Iterable[BatchAccount]) -> list[BatchAccount]:
    """Batches of late of which the store lacks a point. ServiceError where it does not answer."""
    since = dt.datetime.now(dt.UTC) - _LATE
    told = [
        account for account in accounts if account.points != "[]" and dt.datetime.fromisoformat(account.arrived) > since
    ]
    if not told:
        return []
    first = min(dt.datetime.fromisoformat(account.arrived) for account in told)
    there = {
        _identity(point)
        for point in (*store.query("stream_batch", since=first), *waiting_points(catalog.storage, catalog.path(*SPOOL)))
    }
    return [account for account in told if not there & {_identity(point) for point in _of(account)}]


def send_points(catalog: Catalog, store: MetricStore, accounts: Sequence[BatchAccount]) -> None:
    """Points the store has already stay what they are."""
    write_points(catalog, store, [point for account in accounts for point in _of(account)])


def write_points(catalog: Catalog, store: MetricStore, points: Sequence[Point]) -> None:
    """To the store, or to where they wait for it."""
    write_or_spool(store, catalog.storage, catalog.path(*SPOOL), points)


def _of(account: BatchAccount) -> list[Point]:
    return from_json(account.points.encode())


def _identity(point: Point) -> tuple[str, dt.datetime]:
    return point.measurement, point.time
