"""Events -> touches: one product in one session and hour. What sessions, users, habits, funnels and trends are counted
from: a row stands for several events, and all of a user are in one part, so that no count needs a further shuffle.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.columns import counts_by_type, revenue
from shoplab.core.vocabulary import PURCHASE

LOOK = ("category_code", "brand", "list_price", "price_level")  # the product's, as behaviour.products has it
_TAKEN = ("user_id", "user_session", "product_id", "event_time", "event_type", "price", "quantity")


def touches(events: DataFrame) -> DataFrame:
    """Grain: one product in one session within one hour (UTC), by what its events said of it. Key: (user_id,
    user_session, product_id, own_category, own_brand, hour).

    own_category, own_brand: the events' category code and brand, which may be others than the product's last ones.
    Counts by type; revenue; first_event, last_event, last_purchase; prices, priced: the sum of the prices that were
    met, and their number.
    """
    own = {"own_category": "category_code", "own_brand": "brand"}
    taken = events.select(*_TAKEN, *[F.col(theirs).alias(name) for name, theirs in own.items()])
    bought_at = F.when(F.col("event_type") == PURCHASE.name, F.col("event_time"))
    return (
        taken.repartition("user_id")
        .groupBy("user_id", "user_session", "product_id", *own, F.date_trunc("hour", "event_time").alias("hour"))
        .agg(
            F.count("*").alias("events"),
            *counts_by_type(),
            revenue().alias("revenue"),
            F.min("event_time").alias("first_event"),
            F.max("event_time").alias("last_event"),
            F.max(bought_at).alias("last_purchase"),
            F.sum("price").alias("prices"),
            F.count("price").alias("priced"),
        )
    )


def with_look(table: DataFrame, products: DataFrame) -> DataFrame:
    """Adds LOOK to a table with product_id."""
    looks = products.withColumnRenamed("price", "list_price").select("product_id", *LOOK)
    return table.join(looks, on="product_id", how="left")
