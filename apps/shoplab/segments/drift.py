"""How far a month's users are from those the segments were fitted on, and who moved where."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.segments.features import Scaling

DECILES = [i / 10 for i in range(1, 10)]
MOST_PSI = 0.25  # the usual line between a moderate and a major shift (Siddiqi 2006); 0.1 to it: worth a look
LEAST_ARI = 0.6
_FLOOR = 1e-4  # of a bin's share: the index has none for empty bins


@dataclass(frozen=True)
class ReferenceBins:
    """What each feature looked like at the fit: its deciles (scaled, those that differ) and the share in each bin."""

    edges: dict[str, list[float]]
    shares: dict[str, list[float]]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Migration:
    """users[i][j]: how many were in segment names[i] before and are in names[j] now; of those seen again since."""

    names: list[str]
    users: list[list[int]]

    @property
    def shared(self) -> int:
        return sum(map(sum, self.users))

    def ari(self) -> float | None:
        """Adjusted Rand index of before and now (Hubert and Arabie 1985); None where nobody was seen again."""
        from sklearn.metrics import adjusted_rand_score

        if not self.shared:
            return None
        before, now = np.indices((len(self.names), len(self.names))).reshape(2, -1)
        times = np.array(self.users).ravel()
        return float(adjusted_rand_score(np.repeat(before, times), np.repeat(now, times)))


def fit_bins(scaling: Scaling, history: DataFrame) -> ReferenceBins:
    """Deciles and shares of the scaled features over these users."""
    scaled = history.select(*scaling.columns())
    row = scaled.agg(*[F.percentile_approx(name, DECILES).alias(name) for name in scaling.features]).first()
    assert row is not None  # an aggregate without groups has one row
    edges = {name: sorted(set(row[name] or [])) for name in scaling.features}
    return ReferenceBins(edges, _shares(edges, scaled))


def psi(bins: ReferenceBins, scaling: Scaling, history: DataFrame) -> dict[str, float]:
    """Population stability index of each feature: sum over bins of (now - then) * ln(now / then)."""
    now = _shares(bins.edges, history.select(*scaling.columns()))
    return {name: index_of(then, now[name]) for name, then in bins.shares.items()}


def index_of(then: list[float], now: list[float]) -> float:
    """The index for two lists of shares."""
    pairs = ((max(a, _FLOOR), max(b, _FLOOR)) for a, b in zip(then, now, strict=True))
    return sum((b - a) * math.log(b / a) for a, b in pairs)


def migration(before: DataFrame, now: DataFrame, names: list[str]) -> Migration:
    """Both: user_id, segment_name. Users of one table only take no part."""
    pairs = before.select("user_id", F.col("segment_name").alias("was")).join(
        now.select("user_id", F.col("segment_name").alias("is")), on="user_id", how="inner"
    )
    counted = {(row["was"], row["is"]): row["count"] for row in pairs.groupBy("was", "is").count().collect()}
    all_names = [*names, *sorted({name for pair in counted for name in pair} - set(names))]
    return Migration(all_names, [[counted.get((was, now_in), 0) for now_in in all_names] for was in all_names])


def size_change(before: dict[str, float], now: dict[str, float]) -> dict[str, float]:
    """name -> by how much of itself a segment's share of all users grew, -1 where it is gone; new names have none."""
    return {name: now.get(name, 0.0) / share - 1 for name, share in before.items() if share}


def _shares(edges: dict[str, list[float]], scaled: DataFrame) -> dict[str, list[float]]:
    counts = [
        F.count_if(_bin(name, edges[name]) == i).alias(f"{name}_{i}")
        for name in edges
        for i in range(len(edges[name]) + 1)
    ]
    row = scaled.agg(F.count("*").alias("users"), *counts).first()
    assert row is not None
    return {name: [row[f"{name}_{i}"] / max(1, row["users"]) for i in range(len(edges[name]) + 1)] for name in edges}


def _bin(name: str, edges: list[float]) -> Column:
    return sum(((F.col(name) > edge).cast("int") for edge in edges), F.lit(0))
