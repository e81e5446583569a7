"""The train job: events and segments on HDFS -> published recommender."""

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.products import products
from shoplab.catalog import Catalog
from shoplab.errors import LabError
from shoplab.recommend.als import Engine, Factors, fit_als
from shoplab.recommend.catalogue import Catalogue, Product
from shoplab.recommend.content import fit_content
from shoplab.recommend.interactions import interactions, recent_history
from shoplab.recommend.popularity import demand, fit_popularity
from shoplab.recommend.recommender import Recommender
from shoplab.recommend.shoppers import gather_shoppers
from shoplab.segments.model import read_segments
from shoplab.settings import Settings


@dataclass(frozen=True)
class TrainSummary:
    """What the run made. seconds: the whole of fitting and publishing, Spark's start left out."""

    version: str
    engine: str
    rank: int
    users: int
    products: int
    pairs: int
    segments: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def train(catalog: Catalog, engine: Engine = "auto", rank: int = 32) -> TrainSummary:
    """Fits every source on all clean events, and publishes the model. Segments take part where there are any."""
    started = time.monotonic()
    events = catalog.read("events")
    segments = _current_segments(catalog)
    model, pairs = fit_recommender(events, segments, engine, rank)
    facts = {
        "engine": model.factors.engine, "rank": model.factors.rank, "users": len(model.shoppers.ids),
        "products": len(model.catalogue), "pairs": pairs, "segments": len(model.popularity.segments),
    }  # fmt: skip
    trained = {"trained_s": round(time.monotonic() - started, 2)}
    version = catalog.publish("models/recommender", lambda path: model.save(catalog.storage, path), facts | trained)
    return TrainSummary(version, **facts, seconds=round(time.monotonic() - started, 2))  # type: ignore[arg-type]


def fit_recommender(
    events: DataFrame, segments: DataFrame | None, engine: Engine = "auto", rank: int = 32
) -> tuple[Recommender, int]:
    """The model and the number of user-product pairs it was fitted on. `segments`: user_id, segment, segment_name."""
    pairs = interactions(events).persist()
    try:
        newest = pairs.agg(F.max("last_time"), F.count(F.lit(1))).first()
        if newest is None or newest[0] is None:
            raise LabError("no views, carts or purchases to learn from; first: ./lab ingest FILE")
        catalogue = Catalogue.from_arrow(products(events).select(*Product._fields).toArrow())
        factors = _aligned(fit_als(pairs, engine, rank), catalogue)
        placed, names = _segments_of_users(segments)
        wanted = demand(pairs, segments, newest[0]).toArrow()
        shoppers = gather_shoppers(recent_history(pairs).toArrow(), factors.user_ids, catalogue, placed)
    finally:
        pairs.unpersist()
    popularity = fit_popularity(wanted, catalogue, names)
    return Recommender(catalogue, shoppers, factors, fit_content(catalogue), popularity), int(newest[1])


def load_current(settings: Settings) -> Recommender:
    """The published model, without Spark. LabError with the command that makes one, where there is none."""
    catalog = Catalog(settings)
    return Recommender.load(catalog.storage, catalog.current("models/recommender"))


def _current_segments(catalog: Catalog) -> DataFrame | None:
    if not catalog.storage.exists(catalog.path("segments", "CURRENT")):
        return None
    return read_segments(catalog)


def _segments_of_users(segments: DataFrame | None) -> tuple[dict[str, int], dict[int, str]]:
    """user id -> segment, segment -> name."""
    if segments is None:
        return {}, {}
    table = segments.select("user_id", "segment", "segment_name").toArrow()
    numbers = table["segment"].to_pylist()
    placed = dict(zip(table["user_id"].to_pylist(), numbers, strict=True))
    return placed, dict(zip(numbers, table["segment_name"].to_pylist(), strict=True))


def _aligned(factors: Factors, catalogue: Catalogue) -> Factors:
    """The same with one item row per catalogue product: products that were only taken out of carts get zeros."""
    rows = [catalogue.index[product_id] for product_id in factors.item_ids]
    item_factors = np.zeros((len(catalogue), factors.rank), dtype=np.float32)
    item_factors[rows] = factors.item_factors
    item_ids = [product.product_id for product in catalogue.products]
    return Factors(factors.user_ids, item_ids, factors.user_factors, item_factors, factors.engine)
