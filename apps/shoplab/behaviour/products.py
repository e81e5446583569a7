"""Events -> products, with each product's place among the prices of its category."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from shoplab.behaviour.columns import counts_by_type, revenue
from shoplab.core.vocabulary import COUNTS

_LOOK = ("category_id", "category_code", "brand", "price")


def products(events: DataFrame) -> DataFrame:
    """Grain: one product. category, brand and price as last seen; counts by type; price_level: percent rank of the
    price within category_id, 0 cheapest to 1 dearest, null without price, 0.5 where the category has one product only.
    """
    looks = events.groupBy("product_id", *_LOOK).agg(
        F.max("event_time").alias("last_seen"),
        F.count("*").alias("events"),
        *counts_by_type(),
        revenue().alias("revenue"),
    )
    latest = looks.groupBy("product_id").agg(
        F.max_by(F.struct(*_LOOK), F.struct("last_seen", *_LOOK)).alias("look"),
        *[F.sum(name).alias(name) for name in (*COUNTS.values(), "revenue")],
        F.percentile("price", 0.5, F.col("events")).alias("median_price"),
    )
    latest = latest.select("product_id", "look.*", *COUNTS.values(), "revenue", "median_price")
    by_price = Window.partitionBy("category_id", F.isnull("price")).orderBy("price")
    alone = F.count("*").over(Window.partitionBy("category_id", F.isnull("price"))) == 1
    level = F.when(alone, F.lit(0.5)).otherwise(F.percent_rank().over(by_price))
    return latest.withColumn("price_level", F.when(F.col("price").isNotNull(), level))
