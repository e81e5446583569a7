"""The analysis job: all clean events -> products, sessions, users and habits by month, and the report's tables."""

import time
from dataclasses import dataclass

from pyspark.sql import DataFrame

from shoplab.behaviour import paths
from shoplab.behaviour.bought import bought
from shoplab.behaviour.facts import Facts, left_out, read_facts
from shoplab.behaviour.habits import habits
from shoplab.behaviour.products import products
from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.tables import TABLES, Inputs
from shoplab.behaviour.touches import touches
from shoplab.behaviour.users import users
from shoplab.core.catalog import holding
from shoplab.core.console import Say
from shoplab.core.frames import SparkCatalog, kept


@dataclass(frozen=True)
class AnalysisSummary:
    """What was made, over all months loaded. conversion: sessions with a purchase / sessions. left_out: a sentence on
    each thing that could not be computed.
    """

    events: int
    sessions: int
    users: int
    products: int
    conversion: float
    mean_duration_s: float
    seconds: float
    left_out: tuple[str, ...] = ()

    def line(self) -> str:
        return (
            f"{self.events:,} events -> {self.sessions:,} sessions of {self.users:,} users, {self.products:,} products;"
            f" {self.conversion:.2%} of sessions buy, mean session {self.mean_duration_s / 60:.1f} min"
        )


@holding
def analyse(catalog: SparkCatalog, say: Say = lambda _: None) -> AnalysisSummary:
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
    facts = read_facts(all_products, all_sessions, catalog.read("users"))
    with kept(touches(events, all_products)) as touched, kept(bought(events, all_sessions, all_products)) as paid:
        say("habits")
        catalog.replace("habits", habits(all_sessions, touched, paid).repartition("month"), "month")
        with kept(paths.steps(events)) as steps:
            _write_tables(catalog, _inputs(catalog, facts, touched, paid, steps), say)
    catalog.storage.write_json(catalog.path("analysis", "left_out.json"), {"left_out": list(left_out(facts))})
    return _summary(catalog, facts, started)


def _inputs(catalog: SparkCatalog, facts: Facts, touched: DataFrame, paid: DataFrame, steps: DataFrame) -> Inputs:
    return Inputs(
        events=catalog.read("events"),
        sessions=catalog.read("sessions"),
        users=catalog.read("users"),
        habits=catalog.read("habits"),
        touches=touched,
        bought=paid,
        steps=steps,
        facts=facts,
    )


def _write_tables(catalog: SparkCatalog, inputs: Inputs, say: Say) -> None:
    for name, table in TABLES.items():
        say(name)
        catalog.replace_whole(f"analysis/{name}", table(inputs).coalesce(1))


def _summary(catalog: SparkCatalog, facts: Facts, started: float) -> AnalysisSummary:
    funnel = catalog.table("analysis/funnel")
    return AnalysisSummary(
        events=int(catalog.table("analysis/activity")["events"].sum()),
        sessions=facts.sessions,
        users=catalog.read("users").select("user_id").distinct().count(),
        products=facts.products,
        conversion=float(funnel["purchased"].sum() / facts.sessions),
        mean_duration_s=float((funnel["mean_duration_s"] * funnel["sessions"]).sum() / facts.sessions),
        seconds=round(time.monotonic() - started, 1),
        left_out=tuple(left_out(facts)),
    )
