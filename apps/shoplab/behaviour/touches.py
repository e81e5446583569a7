"""Events -> touches: one product in one session and hour. What funnels, habits and trends are counted from."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.sessions import counts_by_type, revenue
from shoplab.core.vocabulary import PURCHASE

DISCOUNT = 0.05  # a purchase this much below the product's median price was made at a discount
LOOK = ("category_code", "brand", "list_price", "price_level")  # the product's, as behaviour.products has it


def touches(events: DataFrame, products: DataFrame) -> DataFrame:
    """Grain: one product in one session within one hour (UTC). Key: (user_id, user_session, product_id, hour).

    Counts by type; revenue; priced_purchases: those whose price can be held against the product's median, discounted:
    those at least 5 % below it; LOOK: the product's.
    """
    compared = events.drop("category_code", "brand").join(_looks(products), on="product_id", how="left")
    # By user, so that all that is counted by session or user from here on needs no further shuffle
    return (
        compared.repartition("user_id")
        .groupBy("user_id", "user_session", "product_id", *LOOK, F.date_trunc("hour", "event_time").alias("hour"))
        .agg(
            F.count("*").alias("events"),
            *counts_by_type(),
            F.count_if(_comparable()).alias("priced_purchases"),
            F.count_if(_comparable() & _discounted()).alias("discounted"),
            revenue().alias("revenue"),
        )
    )


def with_look(table: DataFrame, products: DataFrame) -> DataFrame:
    """Adds LOOK to a table with product_id."""
    return table.join(_looks(products).drop("median_price"), on="product_id", how="left")


def sums(*names: str) -> list[Column]:
    return [F.sum(name).alias(name) for name in names]


def _looks(products: DataFrame) -> DataFrame:
    return products.withColumnRenamed("price", "list_price").select("product_id", *LOOK, "median_price")


def _comparable() -> Column:
    return (F.col("event_type") == PURCHASE.name) & F.col("price").isNotNull() & (F.col("median_price") > 0)


def _discounted() -> Column:
    return F.col("price") <= (1 - DISCOUNT) * F.col("median_price")
