"""Columns that are counted alike from events wherever they are counted."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from shoplab.core.vocabulary import COUNTS, EVENTS


def top_category(code: str = "category_code") -> Column:
    """The first part of a category code: "electronics" of "electronics.smartphone"."""
    return F.substring_index(code, ".", 1)


def counts_by_type() -> list[Column]:
    """One column for each event type that is counted: views, carts, …"""
    return [F.count_if(F.col("event_type") == name).alias(counts) for name, counts in COUNTS.items()]


def revenue() -> Column:
    """What was paid: price times quantity of purchases, less the same of refunds; 0 without any. May be negative."""
    sign = F.coalesce(*[F.when(F.col("event_type") == event.name, event.pays) for event in EVENTS if event.pays])
    return F.coalesce(F.sum(sign * F.col("price") * F.coalesce("quantity", F.lit(1))), F.lit(0.0))


def sums(*names: str) -> list[Column]:
    return [F.sum(name).alias(name) for name in names]
