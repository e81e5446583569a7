"""What is bought once and not again: products whose kind hardly anybody buys twice."""

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.core.vocabulary import PURCHASE
from shoplab.recommend.data.arrays import Bools
from shoplab.recommend.data.products import Products

DURABLE_SHARE = 0.10  # bought again by fewer buyers than this: once is enough
_BORROWED = 50  # user-product pairs that a category takes from the whole shop


def repurchases(events: DataFrame) -> DataFrame:
    """category (the product's finest, as of its purchases; "" unknown), buyers (user-product pairs bought), again
    (those bought on two days or more). Grain: one category.
    """
    pairs = (
        events.where(F.col("event_type") == PURCHASE.name)
        .groupBy("user_id", "product_id")
        .agg(
            F.count_distinct(F.to_date("event_time")).alias("days"),
            F.max_by(_category(), "event_time").alias("category"),
        )
    )
    return pairs.groupBy("category").agg(F.count("*").alias("buyers"), F.count_if(F.col("days") > 1).alias("again"))


def _category() -> Column:
    """As Product.category."""
    known = (F.nullif(F.col(name), F.lit("")) for name in ("category_code", "category_id"))
    return F.coalesce(*known, F.lit(""))


def durable_items(table: pa.Table, products: Products) -> Bools:
    """Per product whether one of its kind is hardly ever bought again, by `repurchases`' table.

    A category's share of pairs bought again is drawn to the shop's by 50 pairs; where nobody bought, all are durable.
    """
    categories = table["category"].to_pylist()
    buyers, again = (np.asarray(table[name].to_numpy(), dtype=float) for name in ("buyers", "again"))
    if not buyers.sum():
        return np.ones(len(products), dtype=bool)
    shop = again.sum() / buyers.sum()
    share = dict(zip(categories, ((again + _BORROWED * shop) / (buyers + _BORROWED)).tolist(), strict=True))
    return np.array([share.get(product.category, shop) < DURABLE_SHARE for product in products.rows], dtype=bool)
