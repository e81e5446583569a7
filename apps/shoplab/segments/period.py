"""Which days count: the users' history over them."""

import datetime as dt
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.touches import touches
from shoplab.behaviour.users import users_of
from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog
from shoplab.segments.history import user_history


@dataclass(frozen=True)
class Period:
    """From the start of `since` to the end of `until`, both UTC days; None: all that is loaded on that side."""

    since: dt.date | None = None
    until: dt.date | None = None

    def keeps(self, months: list[str]) -> list[str]:
        """Those of the months that it touches."""
        return [
            month
            for month in months
            if (self.since is None or month >= f"{self.since:%Y-%m}")
            and (self.until is None or month <= f"{self.until:%Y-%m}")
        ]


def history_in(catalog: SparkCatalog, period: Period) -> DataFrame:
    """One row per user seen in the period. Whole months are read as `./lab analyse` left them, months cut by a day are
    made anew from their events. LabError where nothing is left.
    """
    months = period.keeps(catalog.partitions("users"))
    if not months:
        raise LabError(f"no users to segment{_between(period)}; ./lab status shows the months loaded")
    if not _cuts(catalog, period):
        return user_history(catalog.read_partitions("users", "month", months))
    return user_history(users_of(_events(catalog, period), catalog.read("analysis/products")))


def sessions_in(catalog: SparkCatalog, period: Period) -> DataFrame:
    """SESSION rows of the period; a session cut by it counts with the part inside."""
    if _cuts(catalog, period):
        return sessions(touches(_events(catalog, period)))
    return catalog.read_partitions("sessions", "month", period.keeps(catalog.partitions("sessions")))


def _cuts(catalog: SparkCatalog, period: Period) -> bool:
    """Whether a month has events on both sides of an end of the period."""
    outside = [
        day
        for day in catalog.partitions("events")
        if (period.since and f"{period.since:%Y-%m}" <= day < f"{period.since}")
        or (period.until and f"{period.until}" < day <= f"{period.until:%Y-%m}-31")
    ]
    return bool(outside)


def _events(catalog: SparkCatalog, period: Period) -> DataFrame:
    events = catalog.read("events")
    if period.since:
        events = events.where(F.col("date") >= F.lit(period.since))
    return events.where(F.col("date") <= F.lit(period.until)) if period.until else events


def _between(period: Period) -> str:
    since = f" from {period.since}" if period.since else ""
    return since + (f" up to {period.until}" if period.until else "")
