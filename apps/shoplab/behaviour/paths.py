"""Events -> what follows what: the transition matrix and the typical paths of sessions."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.schemas import EVENT_TYPES

START, EXIT = "start", "exit"


def steps(events: DataFrame) -> DataFrame:
    """Grain: one session. steps: its event types in time order; within one second in the order of the funnel."""
    rank = F.array_position(F.array(*[F.lit(kind) for kind in EVENT_TYPES]), F.col("event_type"))
    ordered = F.sort_array(F.collect_list(F.struct("event_time", rank.alias("rank"), "event_type")))
    return events.groupBy("user_id", "user_session").agg(ordered["event_type"].alias("steps"))


def transitions(steps: DataFrame) -> DataFrame:
    """Grain: one (step, next step), with start and exit. share: of the moves out of step."""
    with_ends = F.concat(F.array(F.lit(START)), F.col("steps"), F.array(F.lit(EXIT)))
    pairs = F.arrays_zip(
        F.slice(with_ends, 1, F.size(with_ends) - 1).alias("step"),
        F.slice(with_ends, 2, F.size(with_ends)).alias("next"),
    )
    counted = (
        steps.select(F.explode(pairs).alias("pair")).groupBy("pair.step", "pair.next").agg(F.count("*").alias("moves"))
    )
    totals = counted.groupBy("step").agg(F.sum("moves").alias("total"))
    return counted.join(totals, on="step", how="inner").select(
        "step", "next", "moves", (F.col("moves") / F.col("total")).alias("share")
    )


def typical_paths(steps: DataFrame, most: int = 20) -> DataFrame:
    """The most common session paths, runs of one type folded ("view+ > cart > purchase"). Grain: one path; sessions,
    share.
    """
    folded = steps.select(_folded(F.col("steps")).alias("path"))
    counted = folded.groupBy("path").agg(F.count("*").alias("sessions"))
    total = folded.agg(F.count("*").alias("total"))
    shares = counted.crossJoin(F.broadcast(total)).select(
        "path", "sessions", (F.col("sessions") / F.col("total")).alias("share")
    )
    return shares.sort(F.desc("sessions"), "path").limit(most)


def _folded(steps: Column) -> Column:
    """["view", "view", "cart"] -> "view+ > cart"."""

    def fold(path: Column, step: Column) -> Column:
        last = F.element_at(path, -1)
        head = F.slice(path, 1, F.size(path) - 1)
        repeated = F.concat(step, F.lit("+"))
        return (
            F.when(F.size(path) == 0, F.array(step))
            .when((last == step) | (last == repeated), F.concat(head, F.array(repeated)))
            .otherwise(F.concat(path, F.array(step)))
        )

    return F.array_join(F.aggregate(steps, F.array().cast("array<string>"), fold), " > ")
