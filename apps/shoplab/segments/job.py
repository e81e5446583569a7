"""The segment job: users on HDFS -> published segment model and SEGMENT table."""

import datetime as dt
from collections.abc import Hashable
from dataclasses import asdict, dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.catalog import Catalog
from shoplab.errors import LabError
from shoplab.schemas import SEGMENT
from shoplab.segments.history import user_history
from shoplab.segments.kmeans import Engine, SegmentModel, apply_segments, fit_segments
from shoplab.segments.rfm import RfmModel, apply_rfm, fit_rfm


@dataclass(frozen=True)
class Segmentation:
    """Both models that together give the SEGMENT table."""

    rfm: RfmModel
    kmeans: SegmentModel

    def to_dict(self) -> dict[str, Any]:
        return {"rfm": self.rfm.to_dict(), "kmeans": self.kmeans.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Segmentation":
        return cls(RfmModel.from_dict(values["rfm"]), SegmentModel.from_dict(values["kmeans"]))


@dataclass(frozen=True)
class SegmentRow:
    """One segment: means are over its users."""

    segment: int
    name: str
    users: int
    share: float
    buyers: float
    sessions: float
    orders: float
    revenue: float
    cart_rate: float
    price_level: float | None


@dataclass(frozen=True)
class SegmentSummary:
    """What the run found. `rfm`: class -> users. `silhouettes`: k -> mean silhouette, empty where k was given."""

    version: str
    as_of: str
    users: int
    engine: str
    silhouettes: dict[int, float]
    segments: list[SegmentRow]
    rfm: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"silhouettes": {str(k): value for k, value in self.silhouettes.items()}}


def segment(
    catalog: Catalog, as_of: dt.date | None = None, k: int | None = None, engine: Engine = "auto"
) -> SegmentSummary:
    """Fits RFM and k-means on all months up to `as_of` (default: the last day of the data), writes and publishes both.

    LabError where there are no users, or `as_of` lies before the last event of its month's data.
    """
    users = catalog.read("users")
    if as_of is not None:
        users = users.where(F.col("month") <= f"{as_of:%Y-%m}")
    history = user_history(users).persist()
    try:
        day = _reference_day(history, as_of)
        model = Segmentation(fit_rfm(history, day), fit_segments(history, k, engine))
        segmented = apply_segmentation(model, history).persist()
        try:
            return _publish(catalog, model, segmented)
        finally:
            segmented.unpersist()
    finally:
        history.unpersist()


def apply_segmentation(model: Segmentation, history: DataFrame) -> DataFrame:
    """History's columns and those of SEGMENT. Grain: one user."""
    return apply_segments(model.kmeans, apply_rfm(model.rfm, history))


def load_model(catalog: Catalog) -> Segmentation:
    """The published model. LabError with the command that makes one, where there is none. Needs no Spark."""
    path = catalog.current("models/segments")
    return Segmentation.from_dict(catalog.storage.read_json(f"{path}/model.json"))


def read_segments(catalog: Catalog) -> DataFrame:
    """The published SEGMENT table. LabError with the command that makes one, where there is none."""
    place = catalog.settings.hdfs + catalog.current("segments")
    return catalog.spark.read.schema(SEGMENT).option("pathGlobFilter", "*.parquet").parquet(place)  # not manifest.json


def _reference_day(history: DataFrame, as_of: dt.date | None) -> dt.date:
    row = history.agg(F.max("last_seen").cast("date").alias("day")).first()
    if row is None or row["day"] is None:
        raise LabError("no users to segment in these months; first: ./lab ingest FILE, then ./lab analyse")
    last: dt.date = row["day"]
    if as_of is not None and as_of < last:
        raise LabError(f"--as-of {as_of} is before the last event of that month ({last}); give {last} or later")
    return as_of or last


def _publish(catalog: Catalog, model: Segmentation, segmented: DataFrame) -> SegmentSummary:
    rows, rfm = _sizes(segmented)
    facts = {"as_of": model.rfm.as_of, "users": model.kmeans.users, "engine": model.kmeans.engine, "k": model.kmeans.k}
    version = catalog.publish(
        "models/segments", lambda path: catalog.storage.write_json(f"{path}/model.json", model.to_dict()), facts
    )
    table = segmented.select(SEGMENT.fieldNames())
    catalog.publish(
        "segments",
        lambda path: table.write.parquet(catalog.settings.hdfs + path),
        facts | {"model": version, "segments": [asdict(row) for row in rows], "rfm": rfm},
    )
    kmeans = model.kmeans
    return SegmentSummary(version, model.rfm.as_of, kmeans.users, kmeans.engine, kmeans.silhouettes, rows, rfm)


def _sizes(segmented: DataFrame) -> tuple[list[SegmentRow], dict[str, int]]:
    """The segments in order, and RFM class -> users, largest first; from one small table on the driver."""
    names = ("sessions", "orders", "revenue", "cart_rate", "price_level")
    sums = [F.sum(name).alias(name) for name in names]
    counts = [F.count(F.lit(1)).alias("users"), F.count_if(F.col("orders") > 0).alias("buyers")]
    priced = F.count("price_level").alias("priced")
    cells = segmented.groupBy("segment", "segment_name", "rfm_class").agg(*sums, *counts, priced).toPandas()
    total = int(cells["users"].sum())
    groups = cells.groupby(["segment", "segment_name"])[[*names, "users", "buyers", "priced"]].sum().reset_index()
    rows = [_row(group, total) for group in groups.to_dict("records")]
    rfm = cells.groupby("rfm_class")["users"].sum().sort_values(ascending=False, kind="stable")
    return rows, {str(name): int(users) for name, users in rfm.items()}


def _row(sums: dict[Hashable, Any], total: int) -> SegmentRow:
    users = sums["users"]
    means = {name: sums[name] / users for name in ("buyers", "sessions", "orders", "revenue", "cart_rate")}
    price_level = sums["price_level"] / sums["priced"] if sums["priced"] else None
    return SegmentRow(sums["segment"], sums["segment_name"], users, users / total, **means, price_level=price_level)
