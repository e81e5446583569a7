"""Touches -> what is looked at more, or less, than a week ago."""

import datetime as dt
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.columns import sums

MOST_PRODUCTS, MOST_CATEGORIES = 100, 200
WEEK = 7
_ALL_DAYS = ("views", "purchases", "revenue")
_COUNTS = (*_ALL_DAYS, "recent_views", "earlier_views")


def trends(touches: DataFrame, days: Sequence[dt.date]) -> DataFrame:
    """Grain: one product (the 100 most viewed) or category code (the 200 most viewed). views, purchases, revenue: of
    all days; recent_views: of the last 7 days; earlier_views: of the 7 days before. `days`: those the log has.

    trend: log2 of the ratio of views a day, recent to earlier, by the days that the log has of each week and with one
    view added to each sum so that rare things don't jump; 1 is twice as many, -1 half. Null without views in both
    weeks, or without days in the earlier one.
    """
    recent_from = max(days) - dt.timedelta(days=WEEK - 1)
    earlier_from = recent_from - dt.timedelta(days=WEEK)
    day = F.to_date("hour")
    products = touches.groupBy("product_id", "brand", "category_code").agg(
        *sums(*_ALL_DAYS),
        _views_when(day >= recent_from).alias("recent_views"),
        _views_when((day >= earlier_from) & (day < recent_from)).alias("earlier_views"),
    )
    categories = products.where("category_code is not null").groupBy("category_code").agg(*sums(*_COUNTS))
    label = F.concat_ws(" ", "brand", "category_code", "product_id")
    by_product = _named(products, "product", F.col("product_id"), label)
    by_category = _named(categories, "category", F.col("category_code"), F.col("category_code"))
    both = _most(by_product, MOST_PRODUCTS).unionByName(_most(by_category, MOST_CATEGORIES))
    return both.withColumn("trend", _trend(*days_of_the_weeks(days)))


def days_of_the_weeks(days: Sequence[dt.date]) -> tuple[int, int]:
    """How many days the log has of its last 7, and of the 7 before."""
    ages = [(max(days) - day).days for day in days]
    return sum(age < WEEK for age in ages), sum(WEEK <= age < 2 * WEEK for age in ages)


def _views_when(condition: Column) -> Column:
    return F.sum(F.when(condition, F.col("views")).otherwise(0))


def _named(table: DataFrame, kind: str, name: Column, label: Column) -> DataFrame:
    return table.select(F.lit(kind).alias("kind"), name.alias("name"), label.alias("label"), *_COUNTS)


def _most(table: DataFrame, most: int) -> DataFrame:
    return table.sort(F.desc("views"), F.desc("purchases"), "name").limit(most)


def _trend(recent_days: int, earlier_days: int) -> Column:
    if not earlier_days:
        return F.lit(None).cast("double")
    recent, earlier = F.col("recent_views"), F.col("earlier_views")
    ratio = ((recent + 1) / recent_days) / ((earlier + 1) / earlier_days)
    return F.when(recent + earlier > 0, F.log2(ratio))
