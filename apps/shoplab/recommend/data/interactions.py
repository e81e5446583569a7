"""Clean events -> implicit feedback, and what each shopper met last."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplab.core.vocabulary import PURCHASE
from shoplab.recommend.data.feedback import WEIGHT_CAP, Feedback
from shoplab.recommend.data.histories import RECENT_PER_USER


def interactions(events: DataFrame, feedback: Feedback) -> DataFrame:
    """Implicit feedback: user_id, product_id, weight, last_time, kind, bought. Grain: one user-product pair.

    weight: sum of the events' weights, at most WEIGHT_CAP; kind: the type of the strongest. Removals from the cart say
    nothing either way and are left out.
    """
    telling = events.where(F.col("event_type").isin(*feedback.types))
    strongest = F.max(_mapped(feedback.kinds)[F.col("event_type")])
    return telling.groupBy("user_id", "product_id").agg(
        F.least(F.sum(_mapped(feedback.as_dict())[F.col("event_type")]), F.lit(WEIGHT_CAP)).alias("weight"),
        F.max("event_time").alias("last_time"),
        F.element_at(F.array(*map(F.lit, feedback.types)), strongest + 1).alias("kind"),
        F.bool_or(F.col("event_type") == PURCHASE.name).alias("bought"),
    )


def recent_history(pairs: DataFrame) -> DataFrame:
    """user_id, product_id, kind, last_time: each user's last 20 products and all they bought. Grain: one pair."""
    newest_first = Window.partitionBy("user_id").orderBy(F.desc("last_time"), "product_id")
    ranked = pairs.withColumn("rank", F.row_number().over(newest_first))
    kept = ranked.where((F.col("rank") <= RECENT_PER_USER) | F.col("bought"))
    return kept.select("user_id", "product_id", "kind", "last_time")


def _mapped(values: dict[str, int] | dict[str, float]) -> Column:
    return F.create_map(*(F.lit(part) for pair in values.items() for part in pair))
