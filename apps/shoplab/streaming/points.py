"""A micro-batch's metric points. Their time is the batch's last arrival in Kafka, the same when the batch is done
again.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.core.vocabulary import IN_VISIT
from shoplab.metrics.point import Field, Point
from shoplab.streaming.sizes import Size
from shoplab.streaming.tally import Tally

if TYPE_CHECKING:
    import pandas as pd

    from shoplab.streaming.job import BatchAccount

TOP_PRODUCTS = 10
_MEASURED = (
    "rows", "new", "duplicates", "rejected", "users", "recommended", "duration_ms", "latency_p50_ms", "latency_max_ms",
)  # fmt: skip


def batch_points(
    account: "BatchAccount",
    counted: Tally,
    top: Sequence[tuple[str, int]],
    users: "pd.DataFrame | None",
    sizes: Mapping[str, Size],
) -> list[Point]:
    """stream_batch, activity by event type, top_product by rank, segment_size of every segment; docs/metrics.md."""
    at = counted.arrived
    measured: dict[str, Field] = {name: getattr(account, name) for name in _MEASURED}
    if sizes:
        measured["segment_change"] = max(abs(size.change) for size in sizes.values())
    points = [Point("stream_batch", {}, measured, at)]
    for kind, (events, revenue) in counted.by_type.items():
        points.append(Point("activity", {"event_type": kind}, {"events": events, "revenue": revenue}, at))
    for rank, (product, events) in enumerate(top, start=1):
        points.append(Point("top_product", {"rank": str(rank)}, {"product_id": product, "events": events}, at))
    return points + _segment_points(users, sizes, at)


def top_products(events: DataFrame) -> list[tuple[str, int]]:
    """The batch's products with most events of visits, most first. Runs one job."""
    counted = events.where(F.col("event_type").isin(*IN_VISIT)).groupBy("product_id").agg(F.count("*").alias("events"))
    top = counted.sort(F.desc("events"), "product_id").limit(TOP_PRODUCTS).collect()
    return [(row["product_id"], row["events"]) for row in top]


def _segment_points(users: "pd.DataFrame | None", sizes: Mapping[str, Size], at: dt.datetime) -> list[Point]:
    if users is None or not sizes:
        return []
    here = users["segment_name"].value_counts()
    return [
        Point(
            "segment_size",
            {"segment": name},
            {
                "users": int(here.get(name, 0)),
                "share": float(here.get(name, 0) / len(users)),
                "all_users": size.users,
                "all_share": size.share,
                "change": size.change,
            },
            at,
        )
        for name, size in sizes.items()
    ]
