"""A micro-batch's metric points. Their time is the batch's last arrival in Kafka, the same when the batch is done
again.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping

import pyarrow as pa

from shoplab.metrics.point import Field, Point
from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.sizes import Size
from shoplab.streaming.tally import Tally

_MEASURED = (
    "rows", "new", "duplicates", "rejected", "dead", "late", "users", "duration_ms", "latency_p50_ms",
    "latency_max_ms",
)  # fmt: skip


def batch_points(account: BatchAccount, counted: Tally, segments: pa.Table, sizes: Mapping[str, Size]) -> list[Point]:
    """stream_batch, activity by event type, top_product by rank, segment_size of every segment; docs/metrics.md."""
    at = dt.datetime.fromisoformat(account.arrived)
    measured: dict[str, Field] = {name: getattr(account, name) for name in _MEASURED}
    if sizes:
        measured["segment_change"] = max(abs(size.change) for size in sizes.values())
    points = [Point("stream_batch", {}, measured, at)]
    for kind, (events, revenue) in counted.by_type.items():
        points.append(Point("activity", {"event_type": kind}, {"events": events, "revenue": revenue}, at))
    for rank, (product, events) in enumerate(counted.top, start=1):
        points.append(Point("top_product", {"rank": str(rank)}, {"product_id": product, "events": events}, at))
    return points + _segment_points(segments, sizes, at)


def _segment_points(segments: pa.Table, sizes: Mapping[str, Size], at: dt.datetime) -> list[Point]:
    here = Counter(segments["segment_name"].to_pylist())
    return [
        Point(
            "segment_size",
            {"segment": name},
            {
                "users": here[name],
                "share": here[name] / len(segments),
                "all_users": size.users,
                "all_share": size.share,
                "change": size.change,
            },
            at,
        )
        for name, size in sizes.items()
    ]
