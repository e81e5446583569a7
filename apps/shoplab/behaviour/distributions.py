"""Sessions, users, habits and bought products -> how their figures are spread: histograms."""

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F


@dataclass(frozen=True)
class EqualBins:
    """Equal bins from 0 to `top`; the last one holds what lies beyond it too."""

    unit: str
    width: float
    top: float

    def lower(self, value: Column) -> Column:
        """The lower bound of a value's bin, null for null; 1e-9 keeps 0.15 out of the bin below it."""
        place = F.floor(value / self.width + 1e-9)
        within = F.greatest(F.least(place, F.lit(round(self.top / self.width) - 1)), F.lit(0))
        return F.when(value.isNotNull(), within * F.lit(self.width))  # least and greatest pass over nulls


BINS = {
    "session_minutes": EqualBins("minutes", 2.0, 60.0),
    "hours_between_visits": EqualBins("hours", 6.0, 168.0),
    "minutes_to_purchase": EqualBins("minutes", 2.0, 60.0),
    "price_level": EqualBins("0 cheapest to 1 dearest of the category", 0.05, 1.0),
    "discount_share": EqualBins("share of purchases", 0.05, 1.0),
    "category_loyalty": EqualBins("share of events", 0.05, 1.0),
    "brand_loyalty": EqualBins("share of events", 0.05, 1.0),
    "visits_per_week": EqualBins("visits a week", 0.5, 10.0),
}


def distributions(sessions: DataFrame, users: DataFrame, habits: DataFrame, bought: DataFrame) -> DataFrame:
    """Grain: one (name, bin) with something in it. lower <= value < upper; the last bin holds what lies beyond it too.
    count: sessions (session_minutes), pairs of sessions (hours_between_visits), bought products that were viewed before
    (minutes_to_purchase), else users by month.
    """
    before = F.lag("session_start").over(Window.partitionBy("user_id").orderBy("session_start", "user_session"))
    gap_h = (F.unix_timestamp("session_start") - F.unix_timestamp(before)) / 3600
    minutes = (F.col("duration_s") / 60).alias("session_minutes")
    figures = [
        sessions.select(minutes, gap_h.alias("hours_between_visits")),
        bought.select((F.col("wait_s") / 60).alias("minutes_to_purchase")),
        users.select("price_level"),
        habits.select("discount_share", "category_loyalty", "brand_loyalty", "visits_per_week"),
    ]
    return reduce(DataFrame.unionByName, map(_binned, figures))


def _binned(values: DataFrame) -> DataFrame:
    """Each column's histogram."""
    place = F.explode(F.array(*[_bin(name) for name in values.columns])).alias("bin")
    known = values.select(place).where("bin.lower is not null")
    return known.groupBy("bin").agg(F.count("*").alias("count")).select("bin.*", "count")


def _bin(name: str) -> Column:
    bins = BINS[name]
    lower = bins.lower(F.col(name))
    return F.struct(
        F.lit(name).alias("name"),
        F.lit(bins.unit).alias("unit"),
        F.round(lower, 6).alias("lower"),
        F.round(lower + bins.width, 6).alias("upper"),
    )
