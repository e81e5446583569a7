"""Where metric points go: InfluxDB, or an embedded store where there is none. Both pass tests/metrics/test_store.py."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from shoplab.core.settings import Settings
from shoplab.metrics.point import Point


class MetricStore(Protocol):
    """Errors: ServiceError where the store is away (try again later), LabError where it refuses what it was given."""

    def write(self, points: Sequence[Point]) -> None:
        """Adds points. One with a known identity overwrites: its fields replace those of the same name, others stay."""

    def query(
        self,
        measurement: str,
        since: datetime | None = None,
        until: datetime | None = None,
        tags: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> list[Point]:
        """Points in order of time, since <= time < until, that carry all these tags; with a limit, the newest."""

    def ping(self) -> None:
        """ServiceError where the store cannot be used."""

    def close(self) -> None:
        """Lets go of connections."""


def open_store(settings: Settings) -> MetricStore:
    """InfluxDB where SHOPLAB_INFLUX_URL is set, else the embedded store in the lab's home. Does not connect yet."""
    if settings.influx_url:
        from shoplab.metrics.influx import InfluxStore

        return InfluxStore(settings)
    from shoplab.metrics.embedded import EmbeddedStore

    return EmbeddedStore(settings.home / "metrics.db")
