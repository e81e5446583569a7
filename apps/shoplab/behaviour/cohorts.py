"""Sessions -> weekly cohorts: who comes back, and when."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def cohorts(sessions: DataFrame) -> DataFrame:
    """Grain: one (cohort, weeks after). cohort: the Monday (UTC) of a user's first week in the log; users: the cohort's
    size; active: those of them with a session begun that week; retention: active / users. Weeks in which nobody came at
    all are left out; the log's last week may be a part of one.
    """
    weeks = sessions.select("user_id", F.to_date(F.date_trunc("week", "session_start")).alias("week")).distinct()
    first = F.min("week").over(Window.partitionBy("user_id"))
    counted = weeks.withColumn("cohort", first).groupBy("cohort", "week").agg(F.count("*").alias("active"))
    sizes = counted.where("week = cohort").select("cohort", F.col("active").alias("users"))
    triangle = sizes.crossJoin(F.broadcast(counted.select("week").distinct())).where("week >= cohort")
    filled = triangle.join(counted, on=["cohort", "week"], how="left").fillna(0, subset=["active"])
    return filled.select(
        "cohort",
        (F.datediff("week", "cohort") / 7).cast("int").alias("weeks_after"),
        "users",
        "active",
        (F.col("active") / F.col("users")).alias("retention"),
    )
