"""A micro-batch's metric points. Their time is the batch's last arrival in Kafka, the same when the batch is done
again.
"""

import datetime as dt
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.metrics.points import Field, Point

if TYPE_CHECKING:
    import pandas as pd

    from shoplab.streaming.job import BatchAccount

TOP_PRODUCTS = 10
_MEASURED = (
    "rows", "new", "duplicates", "rejected", "users", "recommended", "duration_ms", "latency_p50_ms", "latency_max_ms",
)  # fmt: skip


def batch_points(
    account: "BatchAccount", at: dt.datetime, events: DataFrame, segments: "pd.DataFrame | None"
) -> list[Point]:
    """stream_batch, activity by event type, top_product by rank, segment_size of the batch's users. See
    docs/metrics.md.
    """
    measured: dict[str, Field] = {name: getattr(account, name) for name in _MEASURED}
    points = [Point("stream_batch", {}, measured, at)]
    for row in _by_type(events).collect():
        fields: dict[str, Field] = {"events": row["events"], "users": row["users"], "revenue": row["revenue"]}
        points.append(Point("activity", {"event_type": row["event_type"]}, fields, at))
    for rank, row in enumerate(_top_products(events).collect(), start=1):
        points.append(
            Point("top_product", {"rank": str(rank)}, {"product_id": row["product_id"], "events": row["events"]}, at)
        )
    return points + _segment_points(segments, at)


def _by_type(events: DataFrame) -> DataFrame:
    paid = F.when(F.col("event_type") == "purchase", F.col("price"))
    return events.groupBy("event_type").agg(
        F.count("*").alias("events"),
        F.count_distinct("user_id").alias("users"),
        F.coalesce(F.sum(paid), F.lit(0.0)).alias("revenue"),
    )


def _top_products(events: DataFrame) -> DataFrame:
    counted = events.groupBy("product_id").agg(F.count("*").alias("events"))
    return counted.sort(F.desc("events"), "product_id").limit(TOP_PRODUCTS)


def _segment_points(segments: "pd.DataFrame | None", at: dt.datetime) -> list[Point]:
    if segments is None or segments["segment_name"].isna().all():
        return []
    sizes = segments["segment_name"].value_counts()
    return [
        Point("segment_size", {"segment": str(name)}, {"users": int(users), "share": float(users / len(segments))}, at)
        for name, users in sizes.items()
    ]
