"""Events -> the steps of sessions -> their walks -> what follows what, the typical paths of buyers and of others."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplab.behaviour.columns import top_category
from shoplab.behaviour.users import robots
from shoplab.core.vocabulary import IN_VISIT, NAMES

START, EXIT = "start", "exit"
NO_CATEGORY, OTHER = "none", "other"
SEPARATOR = " > "
_USER = ["user_id", "month"]
MOST_POSITIONS = 6  # of the path chart


def steps(events: DataFrame, users: DataFrame, category: Column) -> DataFrame:
    """Grain: one session of a person: months of users who are taken for robots are left out, and so are sessions of
    refunds alone. Key: (user_id, user_session).

    kinds: its event types as places in vocabulary.NAMES from 1, in time order, within one moment in the order of the
    funnel, then of `category`; categories: what that says of each; buyer: whether the user bought in the month of the
    session's start.
    """
    kind = _place(F.col("event_type"), NAMES)
    step = F.when(F.col("event_type").isin(*IN_VISIT), F.struct("event_time", kind.alias("kind"), category.alias("of")))
    sessions = (
        events.select("user_id", "user_session", "event_time", step.alias("step"))
        .repartition("user_id")
        .groupBy("user_id", "user_session")
        .agg(F.min("event_time").alias("start"), F.sort_array(F.collect_list("step")).alias("ordered"))
        .where(F.size("ordered") > 0)
        .withColumn("month", F.date_format("start", "yyyy-MM"))
    )
    people = sessions.join(robots(users).select(*_USER), on=_USER, how="left_anti")
    buyers = users.where("orders > 0").select(*_USER, F.lit(True).alias("bought"))
    judged = people.join(buyers, on=_USER, how="left").withColumn("buyer", F.coalesce("bought", F.lit(False)))
    arrays = (F.col("ordered.kind").alias("kinds"), F.col("ordered.of").alias("categories"))
    return judged.select("user_id", "user_session", "buyer", *arrays)


def named(steps: DataFrame) -> DataFrame:
    """The same with `steps`, the names of their kinds, in place of these."""
    return steps.withColumn("steps", _names(F.col("kinds"), NAMES)).drop("kinds")


def walks(events: DataFrame, users: DataFrame, top: Sequence[str]) -> DataFrame:
    """Grain: one (buyer, steps, categories). sessions: of persons that went so.

    categories: of each step the top level of its category code where that is in `top`, else "other", "none" for
    products without one; within one moment in the order of these names.
    """
    groups = sorted({NO_CATEGORY, OTHER, *top})
    category = top_category()
    group = F.when(category.isNull(), NO_CATEGORY).when(category.isin(*top), category).otherwise(OTHER)
    counted = steps(events, users, _place(group, groups)).groupBy("buyer", "kinds", "categories")
    return named(counted.agg(F.count("*").alias("sessions"))).withColumn(
        "categories", _names(F.col("categories"), groups)
    )


def _place(value: Column, names: Sequence[str]) -> Column:
    return F.array_position(F.array(*[F.lit(name) for name in names]), value).cast("int")


def _names(places: Column, names: Sequence[str]) -> Column:
    known = F.array(*[F.lit(name) for name in names])
    return F.transform(places, lambda place: F.element_at(known, place))


def transitions(walks: DataFrame) -> DataFrame:
    """Grain: one (step, next step), with start and exit. share: of the moves out of step."""
    with_ends = F.concat(F.array(F.lit(START)), F.col("steps"), F.array(F.lit(EXIT)))
    pairs = F.arrays_zip(
        F.slice(with_ends, 1, F.size(with_ends) - 1).alias("step"),
        F.slice(with_ends, 2, F.size(with_ends)).alias("next"),
    )
    moved = walks.select(F.explode(pairs).alias("pair"), "sessions")
    counted = moved.groupBy("pair.step", "pair.next").agg(F.sum("sessions").alias("moves"))
    share = F.col("moves") / F.sum("moves").over(Window.partitionBy("step"))
    return counted.withColumn("share", share)


def transitions_by_category(walks: DataFrame) -> DataFrame:
    """The same for steps such as "view electronics", by the walks' categories."""
    both = F.zip_with("steps", "categories", lambda step, category: F.concat_ws(" ", step, category))
    return transitions(walks.select(both.alias("steps"), "sessions"))


def typical_paths(walks: DataFrame, most: int = 20) -> DataFrame:
    """The most common session paths, runs of one type folded ("view+ > cart > purchase"). Grain: one path; sessions,
    share.
    """
    return _shares(walks.withColumn("path", _path()), []).sort(F.desc("sessions"), "path").limit(most)


def paths_by_buyer(walks: DataFrame, most: int = 20) -> DataFrame:
    """The same of users who bought in the month of the session, and of the others. Grain: one (buyers, path); share: of
    the group's sessions.
    """
    shares = _shares(walks.select(F.col("buyer").alias("buyers"), _path().alias("path"), "sessions"), ["buyers"])
    place = F.row_number().over(Window.partitionBy("buyers").orderBy(F.desc("sessions"), "path"))
    return shares.withColumn("place", place).where(F.col("place") <= most).drop("place")


def flows(walks: DataFrame) -> DataFrame:
    """The moves of sessions, runs of one type folded, by position from 1 to 6, for the path chart. Grain: one (buyers,
    position, step, next); next is "exit" after a session's last step.
    """
    path = F.concat(folded(F.col("steps")), F.array(F.lit(EXIT)))
    moved = walks.select(F.col("buyer").alias("buyers"), F.slice(path, 1, MOST_POSITIONS + 1).alias("path"), "sessions")
    moves = F.arrays_zip(
        F.sequence(F.lit(1), F.size("path") - 1).alias("position"),
        F.slice("path", 1, F.size("path") - 1).alias("step"),
        F.slice("path", 2, F.size("path")).alias("next"),
    )
    exploded = moved.select("buyers", "sessions", F.explode(moves).alias("move")).select("buyers", "sessions", "move.*")
    return exploded.groupBy("buyers", "position", "step", "next").agg(F.sum("sessions").alias("sessions"))


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
    counted = paths.groupBy(*group, "path").agg(F.sum("sessions").alias("sessions"))
    totals = F.broadcast(paths.groupBy(*group).agg(F.sum("sessions").alias("total")))
    joined = counted.join(totals, on=group, how="inner") if group else counted.crossJoin(totals)
    return joined.select(*group, "path", "sessions", (F.col("sessions") / F.col("total")).alias("share"))
