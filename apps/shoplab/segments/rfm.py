"""Users' history -> recency, frequency and monetary value, their quintiles and the usual class names."""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

NON_BUYER = "non-buyer"
_VALUES = ("recency_days", "frequency", "monetary")
_QUINTILES = [0.2, 0.4, 0.6, 0.8]

# (class, r from-to, f from-to): the widely used grid on recency and frequency, every cell in exactly one row.
CLASSES = (
    ("champion", (5, 5), (4, 5)),
    ("loyal", (3, 4), (4, 5)),
    ("potential loyalist", (4, 5), (2, 3)),
    ("new", (5, 5), (1, 1)),
    ("promising", (4, 4), (1, 1)),
    ("needs attention", (3, 3), (3, 3)),
    ("about to sleep", (3, 3), (1, 2)),
    ("can't lose", (1, 2), (5, 5)),
    ("at risk", (1, 2), (3, 4)),
    ("hibernating", (2, 2), (1, 2)),
    ("hibernating", (1, 1), (2, 2)),
    ("lost", (1, 1), (1, 1)),
)


@dataclass(frozen=True)
class RfmModel:
    """Reference day and the buyers' 20, 40, 60 and 80 % points of each value; empty where nobody bought."""

    as_of: str
    recency_days: tuple[float, ...] = ()
    frequency: tuple[float, ...] = ()
    monetary: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RfmModel":
        return cls(values["as_of"], *(tuple(values[name]) for name in _VALUES))


def fit_rfm(history: DataFrame, as_of: dt.date) -> RfmModel:
    """Quintile thresholds over buyers, linearly interpolated as by numpy (Hyndman and Fan 1996, type 7)."""
    day = as_of.isoformat()
    buyers = _with_values(history, day).where("recency_days is not null")
    row = buyers.agg(*(F.percentile(name, _QUINTILES).alias(name) for name in _VALUES)).first()
    return RfmModel(day, *(tuple(row[name] or ()) if row else () for name in _VALUES))


def apply_rfm(model: RfmModel, history: DataFrame) -> DataFrame:
    """Adds recency_days, frequency, monetary, r, f, m and rfm_class.

    A score is 1 + the number of thresholds below the value, for recency 5 - that number: equal values score alike.
    Purchases after the reference day count as made on it.
    """
    valued = _with_values(history, model.as_of)
    is_buyer = F.col("recency_days").isNotNull()
    recent = F.lit(6) - _score("recency_days", model.recency_days)
    scored = valued.withColumns(
        {
            "r": F.when(is_buyer, recent),
            "f": F.when(is_buyer, _score("frequency", model.frequency)),
            "m": F.when(is_buyer, _score("monetary", model.monetary)),
        }
    )
    return scored.withColumn("rfm_class", _class_name())


def _with_values(history: DataFrame, as_of: str) -> DataFrame:
    days = F.datediff(F.lit(as_of).cast("date"), F.col("last_purchase").cast("date"))
    return history.withColumns(
        {
            "recency_days": F.when(days.isNotNull(), F.greatest(days, F.lit(0))),
            "frequency": F.col("orders"),
            "monetary": F.col("revenue"),
        }
    )


def _score(name: str, thresholds: tuple[float, ...]) -> Column:
    return sum(((F.col(name) > limit).cast("int") for limit in thresholds), F.lit(1))


def _class_name() -> Column:
    name = F.lit(NON_BUYER)
    for label, r, f in CLASSES:
        name = F.when(F.col("r").between(*r) & F.col("f").between(*f), label).otherwise(name)
    return name
