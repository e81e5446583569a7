"""Users' history -> k-means segments: fitted, moved on from month to month, and applied as column expressions."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.segments import clustering
from shoplab.segments.clustering import Clusters, Start
from shoplab.segments.features import Matrix, Scaling, fit_scaling
from shoplab.segments.names import ORDER_RULES, RULES, Centre, name_centres, order_of

EngineName = Literal["auto", "spark", "scikit-learn"]

# Up to here the features (5 doubles a row, 80 MB) go to the driver and scikit-learn; beyond, Spark does the work.
SINGLE_MACHINE_ROWS = 2_000_000
# What a rule may ask of a segment, over its users: geometric means of sums, and means of rates as they are. The
# centre's are drawn to the shop's mean: where most people buy, somebody who came once without buying is no buyer.
GEOMETRIC = ("sessions", "orders", "events_per_session", "mean_session_s", "order_value")
PLAIN = ("cart_rate", "order_rate", "left_cart_rate", "price_level")


@dataclass(frozen=True)
class SegmentModel:
    """Scaling, centres and names. centres: k rows in the scaled space, columns in the order of scaling.features.
    profiles: for each centre the means of GEOMETRIC and PLAIN over its users. silhouettes: k -> mean silhouette on a
    bounded sample (Rousseeuw 1987), empty where k was given. users: how many it was fitted on.
    """

    scaling: Scaling
    centres: tuple[tuple[float, ...], ...]
    profiles: tuple[dict[str, float], ...]
    names: tuple[str, ...]
    rules: tuple[str, ...]
    engine: str
    seed: int
    users: int
    silhouettes: dict[int, float] = field(default_factory=dict)

    @property
    def k(self) -> int:
        return len(self.centres)

    @property
    def matrix(self) -> Matrix:
        """The centres, shape (k, features)."""
        return np.array(self.centres)

    def centres_in_units(self) -> list[Centre]:
        """Centres as feature -> value in original units."""
        return [self.scaling.in_units(centre) for centre in self.centres]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"silhouettes": {str(k): value for k, value in self.silhouettes.items()}}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "SegmentModel":
        tuples = {name: tuple(values[name]) for name in ("profiles", "names", "rules")}
        centres = tuple(tuple(centre) for centre in values["centres"])
        curve = {int(k): value for k, value in values["silhouettes"].items()}
        scaling = Scaling.from_dict(values["scaling"])
        return cls(**values | tuples | {"scaling": scaling, "centres": centres, "silhouettes": curve})


def fit_segments(history: DataFrame, k: int | None = None, engine: EngineName = "auto", seed: int = 7) -> SegmentModel:
    """Fits k-means on one row per user. Without k, the one in 3..10 that silhouettes on a sample speak for is taken.

    Fewer distinct users than k give fewer segments. LabError where there is no user at all.
    """
    users, scaling = fit_scaling(history)
    chosen, fit = _engine(engine, users)
    found = fit(history.select(*scaling.columns()), Start(k, seed))
    model = SegmentModel(scaling, (), (), (), (), chosen, seed, users, found.silhouettes)
    return _named(_with_centres(model, found.centres, history))


def update_segments(model: SegmentModel, history: DataFrame, engine: EngineName = "auto") -> SegmentModel:
    """Moves the model's centres on to this history: same scaling, same numbers, same names, so that each segment stays
    what it was. Identities are matched by the least total distance moved (Kuhn 1955, the Hungarian method).
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    users = history.count()
    chosen, fit = _engine(engine, users)
    found = fit(history.select(*model.scaling.columns()), Start(model.k, model.seed, model.matrix)).centres
    _, order = linear_sum_assignment(cdist(model.matrix, found))
    return _with_centres(replace(model, engine=chosen, users=users), found[order], history)


def apply_segments(model: SegmentModel, history: DataFrame) -> DataFrame:
    """Adds segment (position of the nearest centre), segment_name and distance (Euclidean, scaled space)."""
    features = model.scaling.features
    scaled = history.withColumn("_scaled", F.struct(*model.scaling.columns()))
    names = F.array(*(F.lit(name) for name in model.names))
    return (
        scaled.withColumn(
            "_nearest", F.expr(clustering.nearest([f"_scaled.{name}" for name in features], model.matrix))
        )
        .withColumns({"segment": F.col("_nearest.segment"), "distance": F.sqrt("_nearest.squared")})
        .withColumn("segment_name", F.element_at(names, F.col("segment") + 1))
        .drop("_scaled", "_nearest")
    )


def _engine(name: EngineName, users: int) -> tuple[str, Callable[[DataFrame, Start], Clusters]]:
    if name == "spark" or (name == "auto" and users > SINGLE_MACHINE_ROWS):
        return "spark", clustering.fit_on_spark
    return "scikit-learn", clustering.fit_on_driver


def _with_centres(model: SegmentModel, centres: Matrix, history: DataFrame) -> SegmentModel:
    """The model with these centres and the profiles of the users near each."""
    bare = replace(model, centres=tuple(tuple(row) for row in centres.tolist()), names=("",) * len(centres))
    bare = replace(bare, profiles=_profiles(bare, history))
    return replace(bare, names=model.names)


def _profiles(model: SegmentModel, history: DataFrame) -> tuple[dict[str, float], ...]:
    logs = {name: F.log1p(F.greatest(F.coalesce(name, F.lit(0.0)), F.lit(0.0))) for name in GEOMETRIC}
    means = [F.expm1(F.avg(column)).alias(name) for name, column in logs.items()] + [F.avg(n).alias(n) for n in PLAIN]
    rows = apply_segments(model, history).groupBy("segment").agg(*means).collect()
    names = (*GEOMETRIC, *PLAIN)
    found = {row["segment"]: {name: row[name] for name in names if row[name] is not None} for row in rows}
    return tuple(found.get(i, {}) for i in range(model.k))


def _named(model: SegmentModel) -> SegmentModel:
    """Segments named and in a stable order whatever the seed: by their rule, then the frequent visitors first."""
    units = [
        in_units | profile | {f"{name} (sd)": value for name, value in zip(model.scaling.features, centre, strict=True)}
        for profile, in_units, centre in zip(model.profiles, model.centres_in_units(), model.centres, strict=True)
    ]
    named = name_centres(units, RULES if model.scaling.browsing else ORDER_RULES)
    order = sorted(range(model.k), key=lambda i: (order_of(named[i]), -units[i].get("sessions", 0.0), named[i].name))
    return replace(
        model,
        centres=tuple(model.centres[i] for i in order),
        profiles=tuple(model.profiles[i] for i in order),
        names=tuple(named[i].name for i in order),
        rules=tuple(str(named[i].rule) for i in order),
    )
