"""The segments as metric points, at the shop's own dates: what `./lab segment` writes to the metric store."""

import datetime as dt
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from shoplab.core.frames import SparkCatalog
from shoplab.metrics.point import Point
from shoplab.segments.model import read_segments, read_version
from shoplab.segments.summary import SegmentRow, SegmentSummary

_PROFILE = ("users", "share", "buyers", "sessions", "orders", "revenue", "cart_rate", "price_level")
_MOST_LOOKED_AT = 50  # versions, on the way back to one of an earlier day


def segment_points(catalog: SparkCatalog, summary: SegmentSummary) -> list[Point]:
    """segment_profile, segment_month, segment_churn where there is a version to compare with, customer_value, and after
    an update segment_drift and segment_update; docs/metrics.md.
    """
    at = _midnight(summary.as_of)
    segments = read_segments(catalog)
    months = segment_months(catalog.read("users").where(F.col("month") <= summary.as_of[:7]), segments)
    points = [_profile(row, at) for row in summary.segments]
    points += [_point("segment_month", row, _midnight(f"{row['month']}-01")) for row in _rows(months)]
    earlier = _earlier_version(catalog, summary.as_of)
    if earlier is not None:
        points += [_point("segment_churn", row, at) for row in _rows(churn(earlier, segments))]
    points += [_worth(row, at) for row in (summary.value or {}).get("segments", [])]
    return points + _update_points(summary.update, at)


def segment_months(users: DataFrame, segments: DataFrame) -> DataFrame:
    """Grain: one (month, segment). The segment's users seen in the month, and what they did and paid in it."""
    placed = users.join(segments.select("user_id", "segment_name"), on="user_id", how="inner")
    sums = [F.sum(name).alias(name) for name in ("sessions", "orders", "revenue")]
    counted = placed.groupBy("month", "segment_name").agg(F.count("*").alias("users"), *sums)
    whole = Window.partitionBy("month")
    shares = {"share": "users", "revenue_share": "revenue"}
    return counted.withColumns(
        {name: F.coalesce(F.try_divide(of, F.sum(of).over(whole)), F.lit(0.0)) for name, of in shares.items()}
    )


def churn(before: DataFrame, now: DataFrame) -> DataFrame:
    """Grain: one segment name of either version. Of its users: stayed in it, left it for another, joined it from
    another, and are new to the shop. A segment is known by its name: numbers differ from run to run.
    """
    was, now_in = F.col("was"), F.col("now_in")
    both = (
        before.select("user_id", F.col("segment_name").alias("was"))
        .join(now.select("user_id", F.col("segment_name").alias("now_in")), on="user_id", how="full")
        .withColumn("moved", was.isNotNull() & now_in.isNotNull() & (was != now_in))
    )
    left = both.where("moved").groupBy(was.alias("segment_name")).agg(F.count("*").alias("left"))
    here = both.where(now_in.isNotNull()).groupBy(now_in.alias("segment_name"))
    counted = here.agg(
        F.count_if(was == now_in).alias("stayed"),
        F.count_if("moved").alias("joined"),
        F.count_if(was.isNull()).alias("new"),
    )
    return counted.join(left, on="segment_name", how="full").fillna(0)


def _earlier_version(catalog: SparkCatalog, as_of: str) -> DataFrame | None:
    """The newest published SEGMENT table of an earlier day: the same however often this day's is made again."""
    for version in reversed(catalog.partitions("segments")[-_MOST_LOOKED_AT:]):
        folder = catalog.path("segments", f"version={version}")
        if catalog.storage.read_json(f"{folder}/manifest.json")["as_of"] < as_of:
            return read_version(catalog, folder)
    return None


def _worth(row: dict[str, Any], at: dt.datetime) -> Point:
    known = {name: row[name] for name in ("buyers", "p_alive", "expected_orders", "clv") if row[name] is not None}
    return Point("customer_value", {"segment": row["segment_name"]}, known, at)


def _update_points(update: dict[str, Any] | None, at: dt.datetime) -> list[Point]:
    if update is None:
        return []
    measured = {name: update[name] for name in ("shared_users", "newcomers", "ari")} | {
        f"silhouette_{when}": value for when, value in update["silhouette"].items()
    }
    known = {name: value for name, value in measured.items() if value is not None}
    drift = [Point("segment_drift", {"feature": name}, {"psi": value}, at) for name, value in update["psi"].items()]
    return [*drift, Point("segment_update", {}, known, at)]


def _profile(row: SegmentRow, at: dt.datetime) -> Point:
    known = {name: value for name in _PROFILE if (value := getattr(row, name)) is not None}
    return Point("segment_profile", {"segment": row.name}, known, at)


def _point(measurement: str, row: dict[str, Any], at: dt.datetime) -> Point:
    fields = {name: value for name, value in row.items() if name not in ("segment_name", "month")}
    return Point(measurement, {"segment": row["segment_name"]}, fields, at)


def _rows(table: DataFrame) -> list[dict[str, Any]]:
    return [row.asDict() for row in table.collect()]


def _midnight(day: str) -> dt.datetime:
    return dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC)
