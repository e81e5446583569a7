"""What a segmentation found, in a few numbers per segment."""

from collections.abc import Hashable
from dataclasses import asdict, dataclass, field
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.segments.kmeans import SegmentModel


@dataclass(frozen=True)
class SegmentRow:
    """One segment: means are over its users. rule: what gave the name. centre: feature -> value in original units,
    scaled: in standard deviations from the shop's mean.
    """

    segment: int
    name: str
    rule: str
    users: int
    share: float
    buyers: float
    sessions: float
    orders: float
    revenue: float
    cart_rate: float
    price_level: float | None
    centre: dict[str, float]
    scaled: dict[str, float]


@dataclass(frozen=True)
class SegmentSummary:
    """What the run found. rfm: class -> users. rfm_grid: cells of r, f, users and mean monetary. silhouettes: k -> mean
    silhouette, empty where k was given. left_out: what could not be computed and why. robots: users kept out of the
    fit. value: see docs/value.md, None with a sentence in left_out. update: what moved since the version before, see
    update.py.
    """

    as_of: str
    users: int
    engine: str
    k: int
    features: list[str]
    silhouettes: dict[int, float]
    left_out: list[str]
    robots: int
    segments: list[SegmentRow]
    rfm: dict[str, int]
    rfm_grid: list[dict[str, float]]
    value: dict[str, Any] | None = None
    update: dict[str, Any] | None = None
    version: str = field(default="")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"silhouettes": {str(k): value for k, value in self.silhouettes.items()}}


def summarise(model: SegmentModel, as_of: str, segmented: DataFrame) -> SegmentSummary:
    """From one small table of (segment, r, f) cells on the driver."""
    cells = _cells(segmented)
    grid = cells.dropna(subset=["r", "f"]).groupby(["r", "f"])[["users", "monetary"]].sum().reset_index()
    grid["monetary"] /= grid["users"]
    rfm = cells.groupby("rfm_class")["users"].sum().sort_values(ascending=False, kind="stable")
    return SegmentSummary(
        as_of=as_of,
        users=int(cells["users"].sum()),
        engine=model.engine,
        k=model.k,
        features=list(model.scaling.features),
        silhouettes=model.silhouettes,
        left_out=list(model.scaling.left_out),
        robots=int(cells["robots"].sum()),
        segments=_rows(model, cells),
        rfm={str(name): int(users) for name, users in rfm.items()},
        rfm_grid=[{str(name): float(value) for name, value in row.items()} for row in grid.to_dict("records")],
    )


_SUMS = ("sessions", "orders", "revenue", "monetary", "cart_rate", "price_level")


def _cells(segmented: DataFrame) -> Any:
    sums = [F.sum(name).alias(name) for name in _SUMS]
    counts = {
        "users": F.count(F.lit(1)),
        "buyers": F.count_if(F.col("orders") > 0),
        "priced": F.count("price_level"),
        "robots": F.count_if("robot"),
    }
    named = [column.alias(name) for name, column in counts.items()]
    return segmented.groupBy("segment", "rfm_class", "r", "f").agg(*sums, *named).toPandas()


def _rows(model: SegmentModel, cells: Any) -> list[SegmentRow]:
    sums = cells.groupby("segment")[[*_SUMS, "users", "buyers", "priced"]].sum()
    total = int(cells["users"].sum())
    zeros = dict.fromkeys(sums.columns, 0)
    by_segment: dict[Hashable, dict[Hashable, Any]] = sums.to_dict("index")
    return [_row(model, i, by_segment.get(i, zeros), total) for i in range(model.k)]


def _row(model: SegmentModel, i: int, sums: dict[Hashable, Any], total: int) -> SegmentRow:
    users = int(sums["users"])
    means = {
        name: float(sums[name] / max(1, users)) for name in ("buyers", "sessions", "orders", "revenue", "cart_rate")
    }
    return SegmentRow(
        segment=i,
        name=model.names[i],
        rule=model.rules[i],
        users=users,
        share=users / total,
        **means,
        price_level=float(sums["price_level"] / sums["priced"]) if sums["priced"] else None,
        centre=model.scaling.in_units(model.centres[i]),
        scaled=dict(zip(model.scaling.features, model.centres[i], strict=True)),
    )
