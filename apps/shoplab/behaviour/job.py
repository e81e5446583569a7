"""The analysis job: all clean events -> products, sessions, users and habits by month, and the report's tables."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from pyspark.sql import DataFrame

from shoplab.behaviour import paths
from shoplab.behaviour.bought import bought
from shoplab.behaviour.facts import Facts, left_out, read_facts
from shoplab.behaviour.habits import discounts, habits
from shoplab.behaviour.products import products
from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.tables import TABLES, Inputs
from shoplab.behaviour.touches import touches, with_look
from shoplab.behaviour.users import users
from shoplab.core.catalog import holding
from shoplab.core.console import Say
from shoplab.core.frames import SparkCatalog, kept, side_by_side


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
    catalog.fit_shuffles("events")
    say("products")
    catalog.replace_whole("analysis/products", products(events))
    with _inputs(catalog, events, say) as inputs:
        _write_tables(catalog, inputs, say)
    facts = inputs.facts
    catalog.storage.write_json(catalog.path("analysis", "left_out.json"), {"left_out": list(left_out(facts))})
    return _summary(catalog, facts, started)


def _replace_by_month(catalog: SparkCatalog, dataset: str, rows: DataFrame) -> None:
    catalog.replace(dataset, rows.repartition("month"), "month")


@contextmanager
def _inputs(catalog: SparkCatalog, events: DataFrame, say: Say) -> Iterator[Inputs]:
    """For the time of a block; users and habits are written on the way."""
    of_products = catalog.read("analysis/products")
    with kept(with_look(touches(events), of_products)) as touched:
        say("sessions")
        _replace_by_month(catalog, "sessions", sessions(touched))
        visits = catalog.read("sessions")
        with kept(bought(events, visits, of_products)) as paid:
            say("users, habits")
            low = discounts(events, of_products)
            side_by_side([
                lambda: _replace_by_month(catalog, "users", users(touched, visits)),
                lambda: _replace_by_month(catalog, "habits", habits(visits, touched, paid, low)),
            ])  # fmt: skip
            people = catalog.read("users")
            facts = read_facts(of_products, visits, people)
            with kept(paths.walks(events, people, facts.top_categories)) as walks:
                yield Inputs(
                    events=events, sessions=visits, users=people, habits=catalog.read("habits"),
                    touches=touched, bought=paid, walks=walks, facts=facts,
                )  # fmt: skip


def _write_tables(catalog: SparkCatalog, inputs: Inputs, say: Say) -> None:
    def write(name: str) -> None:
        say(name)
        catalog.replace_whole(f"analysis/{name}", TABLES[name](inputs).coalesce(1))

    side_by_side(partial(write, name) for name in reversed(TABLES))  # sequences take longest: not last and alone


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
