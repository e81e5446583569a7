"""What the log holds and what it lacks: the bounds of the report's tables, and a sentence on each thing left out."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.columns import top_category
from shoplab.behaviour.sessions import ROBOT_SESSION_EVENTS
from shoplab.behaviour.trends import days_of_the_weeks
from shoplab.behaviour.users import robots
from shoplab.core.vocabulary import FUNNEL, VIEW

_STEPS = tuple(str(event.counts) for event in FUNNEL)
TOP_CATEGORIES = 5  # of transitions: with "other" and "none", and four event types, 28 steps


@dataclass(frozen=True)
class Facts:
    """Over all months loaded. priced, categorised, branded: products with a price above 0, a category code, a brand.
    events: of each step of the funnel (views, carts, …). price_quintiles: of the products' prices; days: those on which
    a session began; robots: users with a session of over ROBOT_SESSION_EVENTS in a month.
    """

    products: int
    priced: int
    categorised: int
    branded: int
    events: dict[str, int]
    price_quintiles: tuple[float, ...]
    top_categories: tuple[str, ...]
    days: tuple[dt.date, ...]
    sessions: int
    robots: int
    robot_sessions: int

    @property
    def price_edges(self) -> tuple[float, ...]:
        """Bounds of the price bands: the quintiles in two digits, each once; none without prices."""
        if not self.priced:
            return ()
        return tuple(sorted({float(f"{edge:.2g}") for edge in self.price_quintiles} - {0.0}))


def read_facts(products: DataFrame, sessions: DataFrame, users: DataFrame) -> Facts:
    """Four small queries on the tables made so far."""
    row = _one(_of_products(products)) | _one(_of_robots(users))
    row["price_quintiles"] = tuple(row["price_quintiles"] or ())
    row["events"] = {name: row.pop(name) for name in _STEPS}
    days = sessions.groupBy(F.to_date("session_start").alias("day")).count().collect()
    return Facts(
        **row,
        top_categories=tuple(one["category"] for one in _most_viewed(products).collect()),
        days=tuple(sorted(one["day"] for one in days)),
        sessions=sum(one["count"] for one in days),
    )


def _one(table: DataFrame) -> dict[str, Any]:
    return table.collect()[0].asDict()


def _of_products(products: DataFrame) -> DataFrame:
    return products.agg(
        F.count("*").alias("products"),
        F.count_if(F.col("price") > 0).alias("priced"),
        *[F.count(name).alias(alias) for name, alias in (("category_code", "categorised"), ("brand", "branded"))],
        *[F.sum(name).alias(name) for name in _STEPS],
        F.percentile("price", [0.2, 0.4, 0.6, 0.8]).alias("price_quintiles"),
    )


def _of_robots(users: DataFrame) -> DataFrame:
    return robots(users).agg(
        F.count_distinct("user_id").alias("robots"), F.coalesce(F.sum("sessions"), F.lit(0)).alias("robot_sessions")
    )


def _most_viewed(products: DataFrame) -> DataFrame:
    counted = products.groupBy(top_category().alias("category")).agg(F.sum("views").alias("views"))
    return counted.where("category is not null").sort(F.desc("views"), "category").limit(TOP_CATEGORIES)


def left_out(facts: Facts) -> Iterator[str]:
    """A sentence on each thing that the log gives no ground for."""
    if not facts.priced:
        yield (
            "money: the log has no prices above 0, so revenue is 0, and price bands, price levels, discounts and price"
            " sensitivity are left out"
        )
    if not facts.categorised:
        yield "categories: no product has a category code, so funnels, trends and loyalty by category are left out"
    if not facts.branded:
        yield "brands: no product has one, so the funnel by brand and brand loyalty are left out"
    missing = [name for name in _STEPS if not facts.events[name]]
    if missing:
        yield f"conversion: the log has no {' and no '.join(missing)}, so the funnel's steps that need them are 0"
    if not facts.events[str(VIEW.counts)]:
        yield "trends: there are no views to compare"
    elif not days_of_the_weeks(facts.days)[1]:
        yield "trends: the log has no day in the week before its last 7 days"
    if facts.robots:
        yield (
            f"robots: {facts.robot_sessions:,} session(s) of {facts.robots:,} user(s) with a session of more than"
            f" {ROBOT_SESSION_EVENTS:,} events are left out of paths, transitions, flows and sequences"
        )
