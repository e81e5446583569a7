"""Touches and bought products -> the funnel by category, brand, price band and hour of the day."""

from collections.abc import Sequence
from itertools import pairwise

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplab.behaviour.activity import steps_reached
from shoplab.behaviour.columns import sums
from shoplab.core.vocabulary import FUNNEL

MOST_VALUES = 30  # categories, and brands
_SESSION = ("user_id", "user_session")
_VALUE = ("dimension", "value")


def funnel_by(touches: DataFrame, bought: DataFrame, price_edges: Sequence[float]) -> DataFrame:
    """Grain: one (dimension, value). viewed, carted, purchased, …: sessions with such an event on a product of that
    value, or in that hour (UTC); strict_order: sessions in which one product of that value was viewed, then carted,
    then bought (by hour: all within it); position: the order to show values in, from 1.

    Category (the full code), brand and price are the product's as last seen; products without one are left out. Of
    categories and brands the 30 most viewed. price_edges: the bounds of the price bands, none for no such rows.
    """
    look = _look(price_edges)
    by_session = (
        touches.withColumn("found", F.explode(F.array(*look, _pair("hour", _two_digits(F.hour("hour"))))))
        .where("found.value is not null")
        .groupBy(*_SESSION, "found.dimension", "found.value")
        .agg(*sums(*[str(event.counts) for event in FUNNEL], "revenue"))
    )
    counted = by_session.groupBy(*_VALUE).agg(
        *steps_reached(),
        F.sum("revenue").alias("revenue"),
    )
    joined = counted.join(F.broadcast(_strict(bought, look)), on=list(_VALUE), how="left")
    return _placed(joined.fillna(0, subset=["strict_order"]), price_edges)


def _strict(bought: DataFrame, look: list[Column]) -> DataFrame:
    """Sessions that went the strict way, by value."""
    of_product = F.when(F.col("strict_order"), F.array(*look))
    of_hours = F.transform("strict_hours", lambda hour: _pair("hour", _two_digits(hour)))
    found = bought.select(*_SESSION, F.explode(F.concat(F.coalesce(of_product, F.array()), of_hours)).alias("found"))
    sessions = found.where("found.value is not null").select(*_SESSION, "found.*").distinct()
    return sessions.groupBy(*_VALUE).agg(F.count("*").alias("strict_order"))


def _placed(funnel: DataFrame, edges: Sequence[float]) -> DataFrame:
    """Bands by price, hours by the clock, the others by what is viewed most; of those only the first."""
    given = F.array_position(F.array(*[F.lit(name) for name in band_names(edges)]), F.col("value"))
    clock = F.when(F.col("dimension") == "hour", F.col("value").cast("int"))
    order = F.when(F.col("dimension") == "price_band", given).otherwise(clock)
    by_dimension = Window.partitionBy("dimension").orderBy(order, F.desc("viewed"), F.desc("purchased"), "value")
    placed = funnel.withColumn("position", F.row_number().over(by_dimension))
    return placed.where(F.col("position") <= MOST_VALUES)


def band_names(edges: Sequence[float]) -> list[str]:
    """[25, 70] -> ["0-25", "25-70", "70+"]."""
    words = ["0", *(f"{edge:.10g}" for edge in edges)]
    return [*(f"{low}-{high}" for low, high in pairwise(words)), f"{words[-1]}+"]


def _look(edges: Sequence[float]) -> list[Column]:
    known = [_pair("category", F.col("category_code")), _pair("brand", F.col("brand"))]
    return [*known, _pair("price_band", _band(edges))] if edges else known


def _band(edges: Sequence[float]) -> Column:
    """The name of the product's price band: a price on a bound belongs to the band above it."""
    price, names = F.col("list_price"), band_names(edges)
    below = [F.when(price < edge, name) for edge, name in zip(edges, names, strict=False)]
    return F.coalesce(*below, F.when(price.isNotNull(), names[-1]))


def _pair(dimension: str, value: Column) -> Column:
    return F.struct(F.lit(dimension).alias("dimension"), value.alias("value"))


def _two_digits(hour: Column) -> Column:
    return F.lpad(hour.cast("string"), 2, "0")
