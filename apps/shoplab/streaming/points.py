"""A micro-batch's metric points. Their time is the batch's last arrival in Kafka, the same when the batch is done
again.
"""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.metrics.points import Field, Point
from shoplab.streaming.tally import Tally

if TYPE_CHECKING:
    import pandas as pd

    from shoplab.streaming.job import BatchAccount

TOP_PRODUCTS = 10
_MEASURED = (
    "rows", "new", "duplicates", "rejected", "users", "recommended", "duration_ms", "latency_p50_ms", "latency_max_ms",
)  # fmt: skip


def batch_points(
    account: "BatchAccount", counted: Tally, top: Sequence[tuple[str, int]], segments: "pd.DataFrame | None"
) -> list[Point]:
    """stream_batch, activity by event type, top_product by rank, segment_size of the batch's users; docs/metrics.md."""
    at = counted.arrived
    measured: dict[str, Field] = {name: getattr(account, name) for name in _MEASURED}
    points = [Point("stream_batch", {}, measured, at)]
    for kind, (events, revenue) in counted.by_type.items():
        points.append(Point("activity", {"event_type": kind}, {"events": events, "revenue": revenue}, at))
    for rank, (product, events) in enumerate(top, start=1):
        points.append(Point("top_product", {"rank": str(rank)}, {"product_id": product, "events": events}, at))
    return points + _segment_points(segments, at)


def top_products(events: DataFrame) -> list[tuple[str, int]]:
    """The batch's products with most events, most first. Runs one job."""
    counted = events.groupBy("product_id").agg(F.count("*").alias("events"))
    top = counted.sort(F.desc("events"), "product_id").limit(TOP_PRODUCTS).collect()
    return [(row["product_id"], row["events"]) for row in top]


def _segment_points(segments: "pd.DataFrame | None", at: dt.datetime) -> list[Point]:
    if segments is None or segments["segment_name"].isna().all():
        return []
    sizes = segments["segment_name"].value_counts()
    return [
        Point("segment_size", {"segment": str(name)}, {"users": int(users), "share": float(users / len(segments))}, at)
        for name, users in sizes.items()
    ]
