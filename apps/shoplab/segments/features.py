"""Users' history -> the numbers that k-means sees: skew-corrected, drawn to the mean where evidence is thin, scaled."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.core.errors import LabError

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Feature:
    """One input of k-means. logged: log1p is taken, for counts and sums with a long tail. weight: of a rate, the column
    that says how much a user's own rests on; it is averaged with `prior_weight` such units of the shop's mean (an
    empirical Bayes estimate), so that one visit with an order is not yet a buyer of every visit. of: what the log must
    have; where it has none, the feature is 0 for everybody, or with `null_without` null: then 0 says something else.
    """

    name: str
    of: str
    logged: bool = False
    weight: str | None = None
    prior_weight: float = 0.0
    null_without: bool = False


# Few and of different kinds: correlated counts would outvote the rest, and visits' lengths split those who came once by
# whether they clicked twice. None grows with the months loaded. Prior weights: docs/segments.md.
BROWSING = (
    Feature("month_events", "events", logged=True),
    Feature("cart_rate", "carts", weight="sessions", prior_weight=2.0),
    Feature("order_rate", "purchases", weight="sessions", prior_weight=2.0),
    Feature("left_cart_rate", "carts", weight="sessions", prior_weight=2.0),
    Feature("price_level", "prices", weight="events", prior_weight=80.0, null_without=True),
)
# Of a log without views, such as invoices: everybody buys at every visit
ORDERING = (
    Feature("month_events", "events", logged=True),
    Feature("month_orders", "purchases", logged=True),
    Feature("order_value", "prices", logged=True),
    Feature("price_level", "prices", weight="events", prior_weight=80.0, null_without=True),
)
_BY_NAME = {feature.name: feature for feature in (*BROWSING, *ORDERING)}
_FLAT = 1e-9


@dataclass(frozen=True)
class Scaling:
    """features: names in order. priors: the shop's mean of a rate, 0 for others. means, scales: of the corrected
    values; a missing value takes the mean. left_out: why a feature is not there, in sentences.
    """

    features: tuple[str, ...]
    priors: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    left_out: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Scaling":
        return cls(**{name: tuple(value) for name, value in values.items()})

    @property
    def browsing(self) -> bool:
        """Whether the log holds more than orders."""
        return not {"month_orders", "order_value"} & set(self.features)

    def columns(self) -> list[Column]:
        """The scaled features as Spark columns on a history."""
        return [F.expr(text).alias(name) for name, text in self.sql().items()]

    def sql(self) -> dict[str, str]:
        """Feature -> its scaled value as SQL on a history."""
        parts = zip(self.features, self.priors, self.means, self.scales, strict=True)
        return {
            name: f"coalesce(({_corrected(_BY_NAME[name], prior)} - {mean!r}D) / {scale!r}D, 0D)"
            for name, prior, mean, scale in parts
        }

    def in_units(self, centre: Sequence[float]) -> dict[str, float]:
        """A centre in original units; logged features are expm1 of a mean log1p: a geometric mean."""
        values = np.array(centre) * np.array(self.scales) + np.array(self.means)
        pairs = zip(self.features, values.tolist(), strict=True)
        return {name: max(0.0, math.expm1(v)) if _BY_NAME[name].logged else v for name, v in pairs}


def fit_scaling(history: DataFrame) -> tuple[int, Scaling]:
    """The number of users, and the scaling of those features in which they differ. LabError without any user."""
    counts = [F.count(F.lit(1)).alias("users"), F.sum("views").alias("views")]
    means = [_prior(feature).alias(name) for name, feature in _BY_NAME.items()]
    row = history.agg(*counts, *means).first()
    if row is None or not row["users"]:
        raise LabError("no users to segment; first: ./lab ingest FILE, then ./lab analyse")
    offered = BROWSING if row["views"] else ORDERING
    priors = {feature.name: row[feature.name] or 0.0 for feature in offered}
    corrected = {feature.name: F.expr(_corrected(feature, priors[feature.name])) for feature in offered}
    spread = history.agg(
        *[F.avg(column).alias(f"mean_{name}") for name, column in corrected.items()],
        *[F.stddev_pop(column).alias(f"sd_{name}") for name, column in corrected.items()],
    ).first()
    assert spread is not None  # an aggregate without groups has one row
    return row["users"], _scaling(offered, priors, spread.asDict())


def _scaling(offered: Sequence[Feature], priors: dict[str, float], spread: dict[str, float | None]) -> Scaling:
    sd = {feature.name: spread[f"sd_{feature.name}"] or 0.0 for feature in offered}
    kept = [feature.name for feature in offered if sd[feature.name] > _FLAT] or [offered[0].name]
    left_out = tuple(
        f"{feature.name}: "
        + (f"the log has no {feature.of}" if _nothing(feature, spread) else "all users are alike in it")
        for feature in offered
        if feature.name not in kept
    )
    return Scaling(
        tuple(kept),
        tuple(priors[name] for name in kept),
        tuple(spread[f"mean_{name}"] or 0.0 for name in kept),
        tuple(sd[name] if sd[name] > _FLAT else 1.0 for name in kept),
        left_out,
    )


def _nothing(feature: Feature, spread: dict[str, float | None]) -> bool:
    mean = spread[f"mean_{feature.name}"]
    return mean is None if feature.null_without else not mean


def _prior(feature: Feature) -> Column:
    """The shop's mean of a rate: of all visits (or events), not of the users' own means."""
    if feature.weight is None:
        return F.lit(0.0)
    known = F.when(F.col(feature.name).isNotNull(), F.col(feature.weight))
    return F.try_divide(F.sum(F.col(feature.name) * known), F.sum(known))


def _corrected(feature: Feature, prior: float) -> str:
    """SQL of the skew-corrected value, or of the rate drawn to the prior."""
    value = f"cast({feature.name} as double)"
    if feature.logged:
        return f"log1p(greatest({value}, 0D))"
    weight = f"cast({feature.weight} as double)"
    return f"(({value} * {weight} + {prior!r}D * {feature.prior_weight!r}D) / ({weight} + {feature.prior_weight!r}D))"
