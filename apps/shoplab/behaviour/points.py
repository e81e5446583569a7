"""The analysis as metric points, at the events' own times: what `./lab analyse` writes to the metric store."""

import datetime as dt
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.core.frames import SparkCatalog
from shoplab.core.vocabulary import COUNTS, FUNNEL, PURCHASE
from shoplab.metrics.point import Point

MOST_CATEGORIES = 20  # by views: a tag has few values
FUNNEL_STEPS = (*(str(event.step) for event in FUNNEL), "abandoned")
_LENGTHS = {"session_p50_s": 0.5, "session_p90_s": 0.9, "session_p99_s": 0.99}


def behaviour_points(catalog: SparkCatalog) -> list[Point]:
    """shop_events by hour, shop_day, shop_funnel by month, shop_category and shop_path of all days; docs/metrics.md."""
    activity = catalog.table("analysis/activity")
    last_day = _utc(activity["hour"].max().floor("D"))
    return [
        *_events(activity),
        *_days(days(catalog.read("sessions")).toPandas()),
        *_funnel(catalog.table("analysis/funnel")),
        *_categories(catalog.table("analysis/categories"), last_day),
        *_paths(catalog.table("analysis/paths"), last_day),
    ]


def days(sessions: DataFrame) -> DataFrame:
    """Grain: one day (UTC) that a session started on. Users and buyers: about. Percentiles of duration_s."""
    buys = F.col("purchases") > 0
    lengths = F.percentile_approx("duration_s", list(_LENGTHS.values()))
    counted = sessions.groupBy(F.to_date("session_start").alias("day")).agg(
        F.count("*").alias("sessions"),
        F.count_if(buys).alias("buying_sessions"),
        F.approx_count_distinct("user_id").alias("users"),
        F.approx_count_distinct(F.when(buys, F.col("user_id"))).alias("buyers"),
        lengths.alias("lengths"),
    )
    named = [F.col("lengths")[place].alias(name) for place, name in enumerate(_LENGTHS)]
    return counted.select("day", "sessions", "buying_sessions", "users", "buyers", *named)


def _events(activity: pd.DataFrame) -> list[Point]:
    """Of each type, for every hour with events; revenue where it is made."""
    return [
        Point(
            "shop_events",
            {"event_type": kind},
            {"events": row[name], "revenue": row["revenue"] if kind == PURCHASE.name else 0.0},
            _utc(row["hour"]),
        )
        for row in activity.to_dict("records")
        for kind, name in COUNTS.items()
    ]


def _days(table: pd.DataFrame) -> list[Point]:
    return [
        Point("shop_day", {}, row | {"conversion": row["buying_sessions"] / row["sessions"]}, _utc(day))
        for row in table.to_dict("records")
        if (day := row.pop("day"))
    ]


def _funnel(table: pd.DataFrame) -> list[Point]:
    return [
        Point(
            "shop_funnel",
            {"step": step},
            {"sessions": row[step], "share": row[step] / row["sessions"]},
            _utc(f"{row['month']}-01"),
        )
        for row in table.to_dict("records")
        for step in FUNNEL_STEPS
    ]


def _categories(table: pd.DataFrame, at: dt.datetime) -> list[Point]:
    top = table.sort_values(["views", "purchases"], ascending=False).head(MOST_CATEGORIES)
    names = (*(str(event.counts) for event in FUNNEL), "revenue")
    return [
        Point("shop_category", {"category": _tag(row["category"])}, {name: row[name] for name in names}, at)
        for row in top.to_dict("records")
    ]


def _paths(table: pd.DataFrame, at: dt.datetime) -> list[Point]:
    ordered = table.sort_values(["sessions", "path"], ascending=[False, True])
    return [
        Point("shop_path", {"rank": str(rank)}, {name: row[name] for name in ("path", "sessions", "share")}, at)
        for rank, row in enumerate(ordered.to_dict("records"), start=1)
    ]


def _tag(category: str | None) -> str:
    """A category as a tag takes it: a shop's own names may hold anything."""
    plain = "".join(letter for letter in category or "" if letter.isprintable()).rstrip("\\")
    return plain or "none"


def _utc(moment: Any) -> dt.datetime:
    return pd.Timestamp(moment).tz_localize("UTC").to_pydatetime()
