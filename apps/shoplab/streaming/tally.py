"""What a micro-batch holds, counted in one pass over its rows."""

import datetime as dt
from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.sessions import revenue

_BAD = "bad"


@dataclass(frozen=True)
class Tally:
    """rows = good + rejected. Days: of good events, None without any. Arrivals: Kafka's times, ms since 1970.

    by_type: event type -> (events, revenue), of good events.
    """

    rows: int = 0
    rejected: int = 0
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    first_ms: int = 0
    median_ms: int = 0
    last_ms: int = 0
    by_type: dict[str, tuple[int, float]] = field(default_factory=dict)

    @property
    def arrived(self) -> dt.datetime:
        """Arrival of the last record: the batch's time, the same however often it is done."""
        return dt.datetime.fromtimestamp(self.last_ms / 1000, dt.UTC)


def tally(rows: DataFrame) -> Tally:
    """Counts rows of `live.read_records`. Runs one job."""
    good = F.col("reason").isNull()
    arrived = F.unix_millis("arrived")
    counted = (
        rows.withColumn("kind", F.when(good, F.col("event_type")).otherwise(F.lit(_BAD)))
        .rollup("kind")
        .agg(
            F.count("*").alias("rows"),
            F.min(F.when(good, F.col("date"))).alias("first_day"),
            F.max(F.when(good, F.col("date"))).alias("last_day"),
            F.min(arrived).alias("first_ms"),
            F.percentile_approx(arrived, 0.5).alias("median_ms"),
            F.max(arrived).alias("last_ms"),
            revenue().alias("revenue"),
        )
        .collect()
    )
    kinds = {row["kind"]: row for row in counted}
    total = kinds.pop(None, None)  # a rollup of no rows has no total either
    if total is None:
        return Tally()
    rejected = kinds.pop(_BAD, {"rows": 0})["rows"]
    by_type = {kind: (row["rows"], row["revenue"]) for kind, row in sorted(kinds.items())}
    places = {name: total[name] for name in ("first_day", "last_day", "first_ms", "median_ms", "last_ms")}
    return Tally(total["rows"], rejected, **places, by_type=by_type)
