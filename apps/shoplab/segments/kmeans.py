"""Users' history -> k-means segments, fitted on skew-corrected, scaled features and applied as column expressions."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.errors import LabError
from shoplab.segments import clustering
from shoplab.segments.names import Centre, name_centres, order_of

Engine = Literal["auto", "spark", "scikit-learn"]

# Up to here the features (9 doubles a row, 144 MB) go to the driver and scikit-learn; beyond, Spark ML does the work.
SINGLE_MACHINE_ROWS = 2_000_000

LOG_FEATURES = ("sessions", "events_per_session", "mean_session_s", "orders", "revenue")
PLAIN_FEATURES = ("cart_rate", "order_rate", "abandon_rate", "price_level")
FEATURES = (*LOG_FEATURES, *PLAIN_FEATURES)


@dataclass(frozen=True)
class SegmentModel:
    """Scaling, centres and names. `centres`: k rows in the scaled space, columns in the order of `features`.

    `means` and `scales` belong to the skew-corrected features (log1p of LOG_FEATURES); a missing value takes the mean.
    `silhouettes`: k -> mean silhouette on a bounded sample (Rousseeuw 1987), empty where k was given.
    """

    features: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    centres: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]
    engine: str
    seed: int
    users: int
    silhouettes: dict[int, float] = field(default_factory=dict)

    @property
    def k(self) -> int:
        return len(self.centres)

    def centres_in_units(self) -> list[Centre]:
        """Centres as feature -> value in original units; LOG_FEATURES are expm1 of the mean log1p, a geometric mean."""
        return [_in_units(self, np.array(centre)) for centre in self.centres]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"silhouettes": {str(k): value for k, value in self.silhouettes.items()}}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "SegmentModel":
        lists = {name: tuple(values[name]) for name in ("features", "means", "scales", "names")}
        centres = tuple(tuple(centre) for centre in values["centres"])
        curve = {int(k): value for k, value in values["silhouettes"].items()}
        return cls(**values | lists | {"centres": centres, "silhouettes": curve})


def fit_segments(history: DataFrame, k: int | None = None, engine: Engine = "auto", seed: int = 7) -> SegmentModel:
    """Fits k-means on one row per user. Without k, the one in 3..10 with the best silhouette on a sample is taken.

    Fewer distinct users than k give fewer segments. LabError where there is no user at all.
    """
    users, means, scales = _fit_scaling(history)
    if engine == "auto":
        engine = "scikit-learn" if users <= SINGLE_MACHINE_ROWS else "spark"
    scaled = history.select(*_scaled(FEATURES, means, scales))
    fit = clustering.fit_on_spark if engine == "spark" else clustering.fit_on_driver
    centres, silhouettes = fit(scaled, k, seed)
    return _named(SegmentModel(FEATURES, means, scales, (), (), engine, seed, users, silhouettes), centres)


def apply_segments(model: SegmentModel, history: DataFrame) -> DataFrame:
    """Adds segment (position of the nearest centre), segment_name and distance (Euclidean, scaled space)."""
    values = dict(zip(model.features, _scaled(model.features, model.means, model.scales), strict=True))
    scaled = history.withColumn("_scaled", F.struct(*values.values()))
    nearest = F.expr(f"array_min(array({', '.join(_squared_distance(model, i) for i in range(model.k))}))")
    names = F.array(*(F.lit(name) for name in model.names))
    return (
        scaled.withColumn("_nearest", nearest)
        .withColumns({"segment": F.col("_nearest.segment"), "distance": F.sqrt("_nearest.squared")})
        .withColumn("segment_name", F.element_at(names, F.col("segment") + 1))
        .drop("_scaled", "_nearest")
    )


def _corrected(name: str) -> Column:
    value = F.col(name).cast("double")
    return F.log1p(F.greatest(value, F.lit(0.0))) if name in LOG_FEATURES else value


def _fit_scaling(history: DataFrame) -> tuple[int, tuple[float, ...], tuple[float, ...]]:
    means = [F.avg(_corrected(name)).alias(f"mean_{name}") for name in FEATURES]
    spreads = [F.stddev_pop(_corrected(name)).alias(f"sd_{name}") for name in FEATURES]
    row = history.agg(F.count(F.lit(1)).alias("users"), *means, *spreads).first()
    if row is None or not row["users"]:
        raise LabError("no users to segment; first: ./lab ingest FILE, then ./lab analyse")
    sd = (row[f"sd_{name}"] or 0.0 for name in FEATURES)
    return (
        row["users"],
        tuple(row[f"mean_{name}"] or 0.0 for name in FEATURES),
        tuple(value if value > 1e-9 else 1.0 for value in sd),
    )


def _scaled(features: tuple[str, ...], means: tuple[float, ...], scales: tuple[float, ...]) -> list[Column]:
    return [
        F.coalesce((_corrected(name) - mean) / scale, F.lit(0.0)).alias(name)
        for name, mean, scale in zip(features, means, scales, strict=True)
    ]


def _squared_distance(model: SegmentModel, i: int) -> str:
    """SQL: to centre i. One text instead of a hundred Columns, each of which is a call into the JVM."""
    steps = [f"(_scaled.{name} - {at!r}D)" for name, at in zip(model.features, model.centres[i], strict=True)]
    return f"struct({' + '.join(f'{step} * {step}' for step in steps)} as squared, {i} as segment)"


def _in_units(model: SegmentModel, centre: NDArray[np.float64]) -> Centre:
    corrected = centre * np.array(model.scales) + np.array(model.means)
    pairs = zip(model.features, corrected.tolist(), strict=True)
    return {name: max(0.0, math.expm1(value)) if name in LOG_FEATURES else value for name, value in pairs}


def _named(model: SegmentModel, centres: NDArray[np.float64]) -> SegmentModel:
    """Centres in a stable order whatever the seed: by their rule, then the frequent visitors first."""
    units = [_in_units(model, centre) for centre in centres]
    names = name_centres(units)
    order = sorted(range(len(names)), key=lambda i: (order_of(names[i]), -units[i]["sessions"], names[i]))
    return SegmentModel.from_dict(
        model.to_dict() | {"centres": [centres[i].tolist() for i in order], "names": [names[i] for i in order]}
    )
