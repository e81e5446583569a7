"""What is in demand now, in each segment and overall: the fallback for newcomers and the blend's third source."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.recommend.als import Floats
from shoplab.recommend.catalogue import Catalogue

HALF_LIFE_DAYS = 7.0
# Demand that every segment borrows from the shop as a whole: small segments lean on everybody's taste.
PRIOR_WEIGHT = 50.0
TOP = 60


def demand(pairs: DataFrame, segments: DataFrame | None, now: dt.datetime) -> DataFrame:
    """segment, product_id, demand. Grain: one product in one segment (null: users without one).

    demand: sum over users of weight * 2^(-age / 7 days). `segments` has user_id and segment.
    """
    age_days = (F.unix_timestamp(F.lit(now)) - F.unix_timestamp("last_time")) / 86400
    decayed = F.col("weight") * F.pow(F.lit(2.0), -age_days / HALF_LIFE_DAYS)
    if segments is None:
        placed = pairs.withColumn("segment", F.lit(None).cast("int"))
    else:
        placed = pairs.join(segments.select("user_id", "segment"), "user_id", how="left")
    return placed.groupBy("segment", "product_id").agg(F.sum(decayed).alias("demand"))


@dataclass(frozen=True)
class Popularity:
    """scores: shape (segments + 1, products), in [0, 1]; row i belongs to segments[i], the last to the whole shop."""

    segments: tuple[int, ...]
    names: tuple[str, ...]
    scores: Floats

    def row(self, segment: int | None) -> int:
        """Row of a segment; an unknown one gets the shop's."""
        return self._rows.get(segment, len(self.segments))

    @cached_property
    def _rows(self) -> dict[int | None, int]:
        return {segment: row for row, segment in enumerate(self.segments)}

    @cached_property
    def top(self) -> NDArray[np.int64]:
        """Most popular products of each row, best first, shape (rows, at most 60)."""
        return np.argsort(-self.scores, axis=1, kind="stable")[:, :TOP]


def fit_popularity(table: Any, catalogue: Catalogue, names: dict[int, str]) -> Popularity:
    """From `demand` as an Arrow table. `names`: segment -> name. log1p tames the heavy tail; each row's best gets 1."""
    segments = tuple(sorted(names))
    row_of = {segment: row for row, segment in enumerate(segments)}
    rows = np.array([row_of.get(segment, len(segments)) for segment in table["segment"].to_pylist()], dtype=np.int64)
    items = np.array([catalogue.index[product] for product in table["product_id"].to_pylist()], dtype=np.int64)
    raw = np.zeros((len(segments) + 1, len(catalogue)))
    np.add.at(raw, (rows, items), table["demand"].to_numpy())
    everybody = raw.sum(axis=0)
    total = everybody.sum() or 1.0
    raw += PRIOR_WEIGHT * everybody / total
    raw[-1] = everybody
    scores = np.log1p(raw)
    best = scores.max(axis=1, keepdims=True, initial=0.0)
    scaled = np.divide(scores, best, out=scores, where=best > 0).astype(np.float32)
    return Popularity(segments, tuple(names[segment] for segment in segments), scaled)
