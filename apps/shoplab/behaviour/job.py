"""The analysis job: all clean events -> products, sessions, users by month, and the tables of the report."""

import time
from dataclasses import dataclass

from pyspark.sql import DataFrame

from shoplab.behaviour import activity, paths
from shoplab.behaviour.products import products
from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.users import users
from shoplab.catalog import Catalog
from shoplab.console import Say


@dataclass(frozen=True)
class AnalysisSummary:
    """What was made, over all months loaded. conversion: sessions with a purchase / sessions."""

    events: int
    sessions: int
    users: int
    products: int
    conversion: float
    mean_duration_s: float
    seconds: float

    def line(self) -> str:
        return (
            f"{self.events:,} events -> {self.sessions:,} sessions of {self.users:,} users, {self.products:,} products;"
            f" {self.conversion:.2%} of sessions buy, mean session {self.mean_duration_s / 60:.1f} min"
        )


def analyse(catalog: Catalog, say: Say = lambda _: None) -> AnalysisSummary:
    """Reads every clean event and makes the derived tables anew. Running it again gives the same tables."""
    started = time.monotonic()
    events = catalog.read("events")
    say("products")
    catalog.replace_whole("analysis/products", products(events))
    say("sessions")
    catalog.replace("sessions", sessions(events).repartition("month"), "month")
    say("users")
    all_products, all_sessions = catalog.read("analysis/products"), catalog.read("sessions")
    catalog.replace("users", users(events, all_sessions, all_products).repartition("month"), "month")
    steps = paths.steps(events).persist()
    for name, table in _tables(events, all_sessions, catalog.read("users"), steps).items():
        say(name)
        catalog.replace_whole(f"analysis/{name}", table.coalesce(1))
    steps.unpersist()
    return _summary(catalog, started)


def _tables(events: DataFrame, all_sessions: DataFrame, all_users: DataFrame, steps: DataFrame) -> dict[str, DataFrame]:
    return {
        "activity": activity.activity(events),
        "funnel": activity.funnel(all_sessions),
        "categories": activity.categories(events),
        "session_lengths": activity.session_lengths(all_sessions),
        "visits": activity.visits(all_users),
        "transitions": paths.transitions(steps),
        "paths": paths.typical_paths(steps),
    }


def _summary(catalog: Catalog, started: float) -> AnalysisSummary:
    funnel = catalog.table("analysis/funnel")
    total = int(funnel["sessions"].sum())
    return AnalysisSummary(
        events=int(catalog.table("analysis/activity")["events"].sum()),
        sessions=total,
        users=catalog.read("users").select("user_id").distinct().count(),
        products=catalog.read("analysis/products").count(),
        conversion=float(funnel["purchased"].sum() / total),
        mean_duration_s=float((funnel["mean_duration_s"] * funnel["sessions"]).sum() / total),
        seconds=round(time.monotonic() - started, 1),
    )
