"""Events -> the steps of sessions -> what follows what, and the typical paths of buyers and of others."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplab.behaviour.sessions import ROBOT_SESSION_EVENTS
from shoplab.core.vocabulary import IN_VISIT, NAMES, PURCHASE

START, EXIT = "start", "exit"
NO_CATEGORY, OTHER = "none", "other"
SEPARATOR = " > "
MOST_POSITIONS = 6  # of the path chart


def steps(events: DataFrame) -> DataFrame:
    """Grain: one session of a person: users with a session of more than ROBOT_SESSION_EVENTS in the month are left out,
    and so are sessions of refunds alone. Key: (user_id, user_session).

    steps: its event types in time order, within one second in the order of the funnel; categories: the category code of
    each step; month: that of its start; buyer: whether the user bought in that month.
    """
    rank = F.array_position(F.array(*[F.lit(kind) for kind in NAMES]), F.col("event_type"))
    step = F.struct("event_time", rank.alias("rank"), "event_type", "category_code")
    sessions = (
        events.repartition("user_id")
        .groupBy("user_id", "user_session")
        .agg(
            F.date_format(F.min("event_time"), "yyyy-MM").alias("month"),
            F.count("*").alias("events"),
            F.sort_array(F.collect_list(F.when(F.col("event_type").isin(*IN_VISIT), step))).alias("ordered"),
        )
    )
    of_user = Window.partitionBy("user_id", "month")
    buys = F.exists("ordered", lambda one: one["event_type"] == PURCHASE.name)
    judged = sessions.withColumns(
        {"buyer": F.max(buys).over(of_user), "longest": F.max("events").over(of_user)},
    )
    kept = judged.where((F.col("longest") <= ROBOT_SESSION_EVENTS) & (F.size("ordered") > 0))
    arrays = (F.col("ordered.event_type").alias("steps"), F.col("ordered.category_code").alias("categories"))
    return kept.select("user_id", "user_session", "month", "buyer", *arrays)


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


def transitions_by_category(steps: DataFrame, top: Sequence[str]) -> DataFrame:
    """The same for steps such as "view electronics", by the top level of the category code: those in `top`, the rest
    as "other", and "none" for products without one.
    """
    names = F.array(*[F.lit(name) for name in top]) if top else F.array().cast("array<string>")

    def named(step: Column, place: Column) -> Column:
        category = F.substring_index(F.get("categories", place), ".", 1)
        known = F.when(category.isNull(), NO_CATEGORY).when(F.array_contains(names, category), category)
        return F.concat_ws(" ", step, known.otherwise(OTHER))

    return transitions(steps.select(F.transform("steps", named).alias("steps")))


def typical_paths(steps: DataFrame, most: int = 20) -> DataFrame:
    """The most common session paths, runs of one type folded ("view+ > cart > purchase"). Grain: one path; sessions,
    share.
    """
    return _shares(steps.select(_path().alias("path")), []).sort(F.desc("sessions"), "path").limit(most)


def paths_by_buyer(steps: DataFrame, most: int = 20) -> DataFrame:
    """The same of users who bought in the month of the session, and of the others. Grain: one (buyers, path); share: of
    the group's sessions.
    """
    shares = _shares(steps.select(F.col("buyer").alias("buyers"), _path().alias("path")), ["buyers"])
    place = F.row_number().over(Window.partitionBy("buyers").orderBy(F.desc("sessions"), "path"))
    return shares.withColumn("place", place).where(F.col("place") <= most).drop("place")


def flows(steps: DataFrame) -> DataFrame:
    """The moves of sessions, runs of one type folded, by position from 1 to 6, for the path chart. Grain: one (buyers,
    position, step, next); next is "exit" after a session's last step.
    """
    path = F.concat(folded(F.col("steps")), F.array(F.lit(EXIT)))
    moved = steps.select(F.col("buyer").alias("buyers"), F.slice(path, 1, MOST_POSITIONS + 1).alias("path"))
    moves = F.arrays_zip(
        F.sequence(F.lit(1), F.size("path") - 1).alias("position"),
        F.slice("path", 1, F.size("path") - 1).alias("step"),
        F.slice("path", 2, F.size("path")).alias("next"),
    )
    exploded = moved.select("buyers", F.explode(moves).alias("move")).select("buyers", "move.*")
    return exploded.groupBy("buyers", "position", "step", "next").agg(F.count("*").alias("sessions"))


def folded(steps: Column) -> Column:
    """["view", "view", "cart"] -> ["view", "cart"]."""
    return F.transform(_runs(steps), lambda run: run["step"])


def _path() -> Column:
    """["view", "view", "cart"] -> "view+ > cart"."""

    def named(run: Column) -> Column:
        return F.concat(run["step"], F.when(run["after"] == run["step"], "+").otherwise(""))

    return F.array_join(F.transform(_runs(F.col("steps")), named), SEPARATOR)


def _runs(steps: Column) -> Column:
    """The first step of each run of one type, with the step before it and the one after it. Beside each other, not
    looked up by place: so the time it takes grows with the steps, not with their square, whatever `steps` is made of.
    """
    nothing = F.array(F.lit(None).cast("string"))
    before = F.concat(nothing, F.slice(steps, 1, F.greatest(F.size(steps) - 1, F.lit(0))))
    after = F.concat(F.slice(steps, 2, F.size(steps)), nothing)
    zipped = F.arrays_zip(steps.alias("step"), before.alias("before"), after.alias("after"))
    return F.filter(zipped, lambda one: one["step"].isNotNull() & ~one["step"].eqNullSafe(one["before"]))


def _shares(paths: DataFrame, group: list[str]) -> DataFrame:
    """Sessions of each path, and their share of the group's."""
    counted = paths.groupBy(*group, "path").agg(F.count("*").alias("sessions"))
    totals = F.broadcast(counted.groupBy(*group).agg(F.sum("sessions").alias("total")))
    joined = counted.join(totals, on=group, how="inner") if group else counted.crossJoin(totals)
    return joined.select(*group, "path", "sessions", (F.col("sessions") / F.col("total")).alias("share"))
