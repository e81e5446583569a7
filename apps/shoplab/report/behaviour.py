"""The behaviour section: when people come, how far they get, which ways they take, who comes back, what rises."""

from typing import Any

import pandas as pd

from shoplab.core.catalog import Catalog
from shoplab.report import behaviour_tables as tables
from shoplab.report.cards import Chart, NothingToShow, Section, Tables, Tile
from shoplab.report.formats import count, decimal, known, ratio, share, short
from shoplab.report.plots import behaviour as plots

_STEPS = ("viewed", "carted", "purchased", "strict_order")
_TREND = ("kind", "label", "trend", "recent_views", "earlier_views")


def behaviour(catalog: Catalog) -> Section:
    """LabError where nothing was analysed yet."""
    catalog.need("analysis")
    section, read = Section("Behaviour"), Tables(catalog)
    section.words = [f"Left out: {short(words, 300)}" for words in left_out(catalog)]
    try:
        funnel = read("funnel", "month", "sessions").sort_values("month")
        section.tiles = [_tiles(row) for _, row in funnel.iterrows()]
    except NothingToShow as why:
        section.left_out.append(f"Figures by month: {why}")
    section.add(CHARTS, read)
    return section


def left_out(catalog: Catalog) -> list[str]:
    """What the analysis could not compute, in its own words; empty for tables of older versions."""
    path = catalog.path("analysis", "left_out.json")
    return list(catalog.storage.read_json(path).get("left_out", [])) if catalog.storage.exists(path) else []


def _tiles(month: Any) -> list[Tile]:
    """A month's figures; those the log says nothing about are not there."""
    sessions = month["sessions"]
    tiles = [
        ("month", short(month["month"])),
        ("sessions", count(sessions)),
        ("users", count(month["users"])),
        ("sessions that buy", share(ratio(month["purchased"], sessions), 2)),
        ("carts abandoned", share(ratio(month["abandoned"], month["carted"]), 0) if month["carted"] else ""),
        ("revenue", count(month["revenue"]) if known(month["revenue"]) and month["revenue"] else ""),
        ("session, median", f"{decimal(ratio(month['median_duration_s'], 60), 1)} min"),
        ("events a session", decimal(month["mean_events"])),
    ]
    return [tile for tile in tiles if tile[1]]


def _by(dimension: str, read: Tables) -> pd.DataFrame:
    rows = read("funnel_by", "dimension", "value", "position", *_STEPS)
    rows = rows[rows["dimension"] == dimension]
    if rows.empty:
        raise NothingToShow("the log has none")
    return rows


def _changed(kind: str, read: Tables) -> str:
    rows = read("trends", *_TREND)
    rows = rows[(rows["kind"] == kind) & (rows["trend"].fillna(0) != 0)]
    if rows.empty:
        raise NothingToShow("nothing changed, or the log has only one week")
    return tables.changes(rows)


CHARTS: tuple[Chart[Tables], ...] = (
    Chart(
        "From view to purchase",
        "Each bar is the share of a month's sessions with that step; the strict order is the hardest test of the five.",
        lambda read: plots.funnel(read("funnel", "month", "sessions", "viewed", "carted", "purchased")),
    ),
    Chart(
        "Day by day",
        "Events and purchases of each day; look for weekly waves and for days that leave them.",
        lambda read: plots.days(read("activity", "hour", "events", "purchases")),
    ),
    Chart(
        "Hours of the week",
        "Mean events an hour by weekday (rows) and hour of the day in UTC (columns); the bluer, the busier.",
        lambda read: tables.week(read("activity", "hour", "events")),
        wide=True,
    ),
    Chart(
        "Funnel by category",
        "Most viewed first: of the sessions that viewed a category, the shares that put some of it into the cart,"
        " bought some, and did all three with one product in order.",
        lambda read: tables.funnel_rates(_by("category", read), "category"),
    ),
    Chart(
        "Funnel by brand",
        "As by category: brands at which many look and few buy stand out by a long first and a short last bar.",
        lambda read: tables.funnel_rates(_by("brand", read), "brand"),
    ),
    Chart(
        "Funnel by price band",
        "A band holds a fifth of the products, cheapest to the left; a falling line says that dear things sell worse.",
        lambda read: plots.rates(_by("price_band", read), "price of the product"),
    ),
    Chart(
        "Funnel by hour",
        "Steps reached by the hour of the day (UTC); where the lines rise, visitors are readier to buy.",
        lambda read: plots.rates(_by("hour", read), "hour of the day, UTC"),
    ),
    Chart(
        "The ways of buyers and of others",
        "Sessions run from left to right, a band is as wide as its share of the group's sessions; grey bands leave the"
        " shop. Buyers are users who bought in the month; steps repeated in a row count once.",
        lambda read: tables.flow_chart(read("flows", "buyers", "position", "step", "next", "sessions")),
        wide=True,
    ),
    Chart(
        "Typical sessions of buyers and of others",
        "The most common whole sessions of each group, as shares of its sessions; a plus: the step repeated.",
        lambda read: tables.paths_side_by_side(read("paths_by_buyer", "buyers", "path", "sessions", "share")),
        wide=True,
    ),
    Chart(
        "Typical sessions",
        "The most common whole sessions of all users; a plus: the step repeated.",
        lambda read: tables.typical_paths(read("paths", "path", "sessions", "share")),
    ),
    Chart(
        "What follows what",
        "Read along a row: of the moves out of that step, the share that went to each next one.",
        lambda read: tables.step_matrix(read("transitions", "step", "next", "share")),
    ),
    Chart(
        "What follows what, by category",
        "As before with the product's category, in per cent of the moves out of the row's step; empty is under 1 %.",
        lambda read: tables.category_matrix(read("transitions_by_category", "step", "next", "moves", "share")),
        wide=True,
    ),
    Chart(
        "Frequent sequences",
        "Steps that follow each other in many sessions, others in between allowed (PrefixSpan), as shares of sessions.",
        lambda read: tables.frequent_sequences(read("sequences", "kind", "sequence", "length", "sessions", "share")),
        wide=True,
    ),
    Chart(
        "Who comes back",
        "A row is the users whose first visit fell in the week of that Monday; along it, the share that was there again"
        " so many weeks after.",
        lambda read: tables.cohorts(read("cohorts", "cohort", "weeks_after", "users", "retention")),
        wide=True,
    ),
    Chart(
        "Products rising and falling",
        "Views of the last 7 days against those of the 7 before: ×2 is twice as many a day, ×0.5 half; among the most"
        " viewed.",
        lambda read: _changed("product", read),
        wide=True,
    ),
    Chart(
        "Categories rising and falling",
        "The same for categories of products.",
        lambda read: _changed("category", read),
        wide=True,
    ),
    Chart(
        "Categories",
        "Counts of events by the first part of the category's name, most viewed first.",
        lambda read: tables.selling_categories(read("categories", "category", "views", "carts", "purchases")),
        wide=True,
    ),
    Chart(
        "Length of sessions",
        "Number of sessions by how many events they have, on a logarithmic scale; orange are those that buy.",
        lambda read: plots.lengths(read("session_lengths", "length", "sessions", "with_purchase")),
    ),
    Chart(
        "Visits of a user",
        "Share of a month's users by their number of visits, on a logarithmic scale; dashed are those that bought.",
        lambda read: plots.visits(read("visits", "month", "visits", "users", "buyers")),
    ),
    Chart(
        "Distributions",
        "A bar is as high as the share of the values between its two sides; the last holds what lies beyond it too.",
        lambda read: tables.distributions(read("distributions", "name", "unit", "lower", "upper", "count")),
        wide=True,
    ),
)
