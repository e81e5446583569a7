"""What a micro-batch holds, counted from its rows."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shoplab.core.vocabulary import BY_NAME, IN_VISIT
from shoplab.streaming.accounts import LATE, Offsets
from shoplab.streaming.state.state import Taken

TOP_PRODUCTS = 10
_EVENT_TYPES = pa.array(IN_VISIT)


@dataclass(frozen=True)
class Tally:
    """Of the rows of `records.read_records`. Arrivals: Kafka's times, ms since 1970. late, newest: see BatchAccount.
    by_type: event type -> (events, revenue), of events that were new; top: the products with most of visits, most
    first.
    """

    offsets: Offsets
    first_ms: int
    median_ms: int
    last_ms: int
    late: int = 0
    newest: str = ""
    by_type: dict[str, tuple[int, float]] = field(default_factory=dict)
    top: list[tuple[str, int]] = field(default_factory=list)


def tally(rows: pa.Table, events: pa.Table, newest: str = "") -> Tally:
    """rows: all of a batch, at least one. events: EVENT rows that were new. newest: before the batch."""
    arrived = pc.cast(rows["arrived"], pa.timestamp("ms", "UTC"), safe=False).cast(pa.int64()).to_numpy()
    late, newest = _late(events, newest)
    return Tally(
        _offsets(rows), int(arrived.min()), int(np.median(arrived)), int(arrived.max()), late, newest,
        _by_type(events), _top(events),
    )  # fmt: skip


def counts(rows: int, taken: Taken, counted: Tally) -> dict[str, Any]:
    """Fields of the batch's account that follow from its records and from those before it, by their names. rows: how
    many it took.
    """
    days = {str(row["values"]): row["counts"] for row in pc.value_counts(taken.events["date"]).to_pylist()}
    return {
        "rows": rows,
        "new": len(taken.events),
        "duplicates": taken.duplicates,
        "rejected": rows - len(taken.events) - taken.duplicates,
        "filled": taken.filled,
        "late": counted.late,
        "users": len(pc.unique(taken.users["user_id"])),
        "days": dict(sorted(days.items())),
        "newest": counted.newest,
    }


def _late(events: pa.Table, newest: str) -> tuple[int, str]:
    """How many are late, and the newest time with them."""
    if not len(events):
        return 0, newest
    times = events["event_time"].cast(pa.timestamp("us", "UTC"))
    reached = pc.max(times).as_py()
    if not newest:
        return 0, reached.isoformat()
    before = dt.datetime.fromisoformat(newest)
    late = pc.sum(pc.less(times, pa.scalar(before - LATE, times.type))).as_py() or 0
    return late, max(before, reached).isoformat()


def _offsets(rows: pa.Table) -> Offsets:
    ends = rows.group_by("partition").aggregate([("offset", "min"), ("offset", "max")]).sort_by("partition")
    return {str(row["partition"]): [row["offset_min"], row["offset_max"] + 1] for row in ends.to_pylist()}


def _by_type(events: pa.Table) -> dict[str, tuple[int, float]]:
    paid = pc.multiply(pc.fill_null(events["price"], 0.0), pc.fill_null(events["quantity"], 1).cast(pa.float64()))
    counted = events.select(["event_type"]).append_column("paid", paid).group_by("event_type")
    rows = counted.aggregate([("paid", "count"), ("paid", "sum")]).sort_by("event_type").to_pylist()
    return {row["event_type"]: (row["paid_count"], row["paid_sum"] * BY_NAME[row["event_type"]].pays) for row in rows}


def _top(events: pa.Table) -> list[tuple[str, int]]:
    visits = events.filter(pc.is_in(events["event_type"], _EVENT_TYPES))
    counted = visits.group_by("product_id").aggregate([("product_id", "count")])
    best = counted.sort_by([("product_id_count", "descending"), ("product_id", "ascending")]).slice(0, TOP_PRODUCTS)
    return [(row["product_id"], row["product_id_count"]) for row in best.to_pylist()]
