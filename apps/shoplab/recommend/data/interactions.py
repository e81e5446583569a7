"""Clean events -> implicit feedback, and what each shopper met last."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

# How much one event says that a user wants a product, and the most that all their events on it may say together:
# the cap keeps robots and page reloads from outweighing everybody else.
EVENT_WEIGHTS = {"view": 1.0, "cart": 3.0, "purchase": 5.0}
WEIGHT_CAP = 20.0
RECENT_PER_USER = 20


def interactions(events: DataFrame) -> DataFrame:
    """Implicit feedback: user_id, product_id, weight, last_time, carted, bought. Grain: one user-product pair.

    weight: sum of EVENT_WEIGHTS, at most WEIGHT_CAP. Removals from the cart say nothing either way and are left out.
    """
    telling = events.where(F.col("event_type").isin(*EVENT_WEIGHTS))
    weights = F.create_map(*(F.lit(part) for pair in EVENT_WEIGHTS.items() for part in pair))
    return telling.groupBy("user_id", "product_id").agg(
        F.least(F.sum(weights[F.col("event_type")]), F.lit(WEIGHT_CAP)).alias("weight"),
        F.max("event_time").alias("last_time"),
        F.bool_or(F.col("event_type") == "cart").alias("carted"),
        F.bool_or(F.col("event_type") == "purchase").alias("bought"),
    )


def recent_history(pairs: DataFrame) -> DataFrame:
    """user_id, product_id, kind, last_time: each user's last 20 products and all they bought. Grain: one pair.

    kind is the strongest event of the pair: view, cart or purchase.
    """
    newest_first = Window.partitionBy("user_id").orderBy(F.desc("last_time"), "product_id")
    kind = F.when(F.col("bought"), "purchase").when(F.col("carted"), "cart").otherwise("view")
    ranked = pairs.withColumn("rank", F.row_number().over(newest_first))
    kept = ranked.where((F.col("rank") <= RECENT_PER_USER) | F.col("bought"))
    return kept.select("user_id", "product_id", kind.alias("kind"), "last_time")
