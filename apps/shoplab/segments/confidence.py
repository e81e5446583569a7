"""How sure a segment is that rests on few visits: measured on users whose later visits are known."""

from dataclasses import asdict, dataclass
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplab.behaviour.users import added_up, rates
from shoplab.segments.history import features_of_rates
from shoplab.segments.kmeans import SegmentModel, apply_segments

STAGES = (1, 2, 4, 8)  # visits
SAMPLE_USERS = 50_000
_PRIOR_USERS = 5  # how much the stage's mean weighs against a segment that few were ever placed in


@dataclass(frozen=True)
class Confidence:
    """shares[segment][stage]: of the users that were placed in the segment after STAGES[stage] visits, the share that
    was still there after all their visits; drawn to the stage's mean where they were few.
    """

    shares: tuple[tuple[float, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Confidence":
        return cls(tuple(tuple(row) for row in values["shares"]))


def fit_confidence(model: SegmentModel, sessions: DataFrame, segmented: DataFrame) -> Confidence:
    """Places a sample of the users again after their first visits. `segmented`: user_id, price_level, segment of all.

    The price level is the one of all visits: sessions do not keep theirs, and after few events it hardly counts.
    """
    users = segmented.select("user_id", "price_level", F.col("segment").alias("final"))
    sampled = _sampled(users, SAMPLE_USERS / max(1, model.users))
    early = apply_segments(model, _first_visits(sessions.join(sampled, on="user_id", how="inner")))
    rows = (
        early.groupBy("segment", "stage")
        .agg(F.count("*").alias("users"), F.count_if(F.col("segment") == F.col("final")).alias("stayed"))
        .collect()
    )
    placed = {(row["segment"], row["stage"]): (row["users"], row["stayed"]) for row in rows}
    return Confidence(tuple(tuple(_share(placed, i, stage) for stage in STAGES) for i in range(model.k)))


def confidence(model: Confidence) -> Column:
    """Of a user with `sessions` visits, placed in `segment`."""
    by_segment = F.array(*[F.array(*[F.lit(share) for share in row]) for row in model.shares])
    stage = sum((F.when(F.col("sessions") >= visits, 1).otherwise(0) for visits in STAGES[1:]), F.lit(0))
    return F.element_at(F.element_at(by_segment, F.col("segment") + 1), stage + 1)


def _sampled(users: DataFrame, share: float) -> DataFrame:
    """The same ones each time."""
    return users.where(F.pmod(F.xxhash64("user_id"), F.lit(10_000)) < share * 10_000)


def _first_visits(sessions: DataFrame) -> DataFrame:
    """Grain: one (user, stage) of those who came so often: history's columns over the first visits. Input: sessions
    with the user's price_level and final segment.
    """
    by_time = Window.partitionBy("user_id").orderBy("session_start", "user_session")
    numbered = sessions.withColumn("_visit", F.row_number().over(by_time)).where(F.col("_visit") <= STAGES[-1])
    stages = F.filter(F.array(*[F.lit(stage) for stage in STAGES]), lambda stage: stage >= F.col("_visit"))
    counted = (
        numbered.withColumn("stage", F.explode(stages))
        .groupBy("user_id", "stage", "price_level", "final")
        .agg(*[column.alias(name) for name, column in added_up().items()])
        .where("sessions = stage")
    )
    months = {"month_events": F.col("events"), "month_orders": F.col("orders")}
    return counted.withColumns(rates()).withColumns(months | features_of_rates())


def _share(placed: dict[tuple[int, int], tuple[int, int]], segment: int, stage: int) -> float:
    users, stayed = placed.get((segment, stage), (0, 0))
    all_users = sum(n for (_, at), (n, _) in placed.items() if at == stage)
    all_stayed = sum(n for (_, at), (_, n) in placed.items() if at == stage)
    mean = all_stayed / all_users if all_users else 1.0
    return (stayed + _PRIOR_USERS * mean) / (users + _PRIOR_USERS)
