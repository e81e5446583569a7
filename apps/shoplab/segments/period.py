"""Which days count: the users' history over them."""

import datetime as dt
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.users import users
from shoplab.catalog import Catalog
from shoplab.errors import LabError
from shoplab.segments.history import user_history


@dataclass(frozen=True)
class Window:
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


def history_in(catalog: Catalog, window: Window) -> DataFrame:
    """One row per user seen in the window. Whole months are read as `./lab analyse` left them, months cut by a day are
    made anew from their events. LabError where nothing is left.
    """
    months = window.keeps(catalog.partitions("users"))
    if not months:
        raise LabError(f"no users to segment{_between(window)}; ./lab status shows the months loaded")
    if not _cuts(catalog, window):
        return user_history(catalog.read_partitions("users", "month", months))
    events = _events(catalog, window)
    return user_history(users(events, sessions(events), catalog.read("analysis/products")))


def sessions_in(catalog: Catalog, window: Window) -> DataFrame:
    """SESSION rows of the window; a session cut by it counts with the part inside."""
    if _cuts(catalog, window):
        return sessions(_events(catalog, window))
    return catalog.read_partitions("sessions", "month", window.keeps(catalog.partitions("sessions")))


def _cuts(catalog: Catalog, window: Window) -> bool:
    """Whether a month has events on both sides of an end of the window."""
    outside = [
        day
        for day in catalog.partitions("events")
        if (window.since and f"{window.since:%Y-%m}" <= day < f"{window.since}")
        or (window.until and f"{window.until}" < day <= f"{window.until:%Y-%m}-31")
    ]
    return bool(outside)


def _events(catalog: Catalog, window: Window) -> DataFrame:
    events = catalog.read("events")
    if window.since:
        events = events.where(F.col("date") >= F.lit(window.since))
    return events.where(F.col("date") <= F.lit(window.until)) if window.until else events


def _between(window: Window) -> str:
    since = f" from {window.since}" if window.since else ""
    return since + (f" up to {window.until}" if window.until else "")
