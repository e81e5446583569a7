"""The train job: events and segments on HDFS -> a recommender, published unless it is worse than the one before."""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from pyspark.sql import DataFrame
from scipy.sparse import csr_matrix

from shoplab.core.catalog import holding
from shoplab.core.console import Say
from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog, kept
from shoplab.recommend.data.arrays import UNKNOWN
from shoplab.recommend.data.durable import durable_items, repurchases
from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.interactions import interactions, recent_history
from shoplab.recommend.data.products import Products
from shoplab.recommend.data.read_log import read_log, read_products
from shoplab.recommend.data.shoppers import gather_shoppers
from shoplab.recommend.gate import Verdict, decide
from shoplab.recommend.measures import interval, resampled_means
from shoplab.recommend.model.files import DATASET, load_current, save
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.model.size import serving_mib
from shoplab.recommend.ranking.fit import TOP, fit, ndcg
from shoplab.recommend.sources.als import Als, Factors
from shoplab.recommend.sources.als_spark import Engine, fit_als
from shoplab.recommend.sources.content import Content, tokens_of
from shoplab.recommend.sources.content_spark import tf_idf_on_spark
from shoplab.segments.model import read_segments

_FEWEST_COMPARED = 200  # cases newer than what the current version learned from, to compare with it


@dataclass(frozen=True)
class TrainSummary:
    """What the run made. blend: the one that answers; verdict: whether it was published, and why. seconds: the whole of
    fitting and publishing, Spark's start left out.
    """

    version: str
    engine: str
    rank: int
    users: int
    products: int
    pairs: int
    segments: int
    blend: str
    verdict: Verdict
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@holding
def train(
    catalog: SparkCatalog,
    engine: Engine = "auto",
    rank: int = 32,
    force: bool = False,
    most_of_category: int = 0,
    say: Say = lambda _: None,
) -> TrainSummary:
    """Fits every source and all blends on all clean events. Segments take part where there are any.

    A model that does worse than the current one on what is newer than both have learned from is kept beside it, unless
    `force`.
    """
    started = time.monotonic()
    events = catalog.read("events")
    catalog.fit_shuffles("events")
    model, pairs = fit_recommender(events, _current_segments(catalog), engine, rank, say)
    model = replace(model, ranker=replace(model.ranker, most_of_category=most_of_category))
    facts = {
        "engine": model.factors.engine, "rank": model.factors.rank, "users": len(model.shoppers.ids),
        "products": len(model.products), "pairs": pairs, "segments": len(model.segment_names),
        "blend": model.ranker.default,
    }  # fmt: skip
    measured = {"trained_s": round(time.monotonic() - started, 2), "serving_mib": serving_mib(model)}
    manifest: dict[str, Any] = facts | measured
    say("publishing")
    version, verdict = _publish(catalog, model, manifest, force)
    return TrainSummary(version, **facts, verdict=verdict, seconds=round(time.monotonic() - started, 2))  # type: ignore[arg-type]


def _publish(catalog: SparkCatalog, model: Recommender, manifest: dict[str, Any], force: bool) -> tuple[str, Verdict]:
    """The version, and whether it is the current one now."""
    current = _current(catalog)
    manifest = manifest | {"validation": _validation(model, current)}
    verdict = decide(manifest, catalog.manifest(DATASET) if current else None, force)
    version = catalog.publish(
        DATASET, lambda path: save(model, catalog.storage, path), manifest, promote=verdict.promoted
    )
    return version, verdict


def fit_recommender(
    events: DataFrame,
    segments: DataFrame | None,
    engine: Engine = "auto",
    rank: int = 32,
    say: Say = lambda _: None,
) -> tuple[Recommender, int]:
    """The model and the number of user-product pairs it was fitted on. `segments`: user_id, segment, segment_name."""
    with kept(interactions(events, CURRENT)) as pairs:
        count = pairs.count()
        if not count:
            raise LabError("no views, carts or purchases to learn from; first: ./lab ingest FILE")
        products = read_products(events)
        say("ALS")
        factors = _aligned(fit_als(pairs, engine, rank), products)
        placed, names = _segments_of_users(segments)
        history = recent_history(pairs).toArrow()
    shoppers = gather_shoppers(history, factors.user_ids, products, placed, CURRENT)
    log = read_log(events, products)
    durable = durable_items(repurchases(events).toArrow(), products)
    of_users = np.array([placed.get(user, UNKNOWN) for user in log.user_ids], dtype=np.int16)
    vectors = tf_idf_on_spark(events.sparkSession, tokens_of(products))
    given = {Als.name: factors, Content.name: vectors}
    ranker = fit(log, "live", of_users, names, durable, rank, say=say, given=given)
    return Recommender(products, shoppers, ranker, names, log.now), count


def _current(catalog: SparkCatalog) -> Recommender | None:
    """None also for a model of another version of this code: it can't be compared with."""
    try:
        return load_current(catalog)
    except LabError:
        return None


def _validation(model: Recommender, current: Recommender | None) -> dict[str, Any] | None:
    """For the manifest: the new blends on the cases kept from learning, newer than what the current version knows; and
    the current version on the same.
    """
    held = model.ranker.holdout
    if held is None or not len(held.times):
        return None
    fresh = np.flatnonzero(held.times > (current.until if current else -np.inf))
    comparable = current is not None and len(fresh) >= _FEWEST_COMPARED
    cases = fresh if comparable else np.arange(len(held.times))
    values = held.values[cases]
    spread = interval(float(values.mean()), resampled_means(values[:, None], cases, 7)[:, 0])
    theirs = None
    if comparable and current is not None:
        histories, targets = held.histories.take(cases), csr_matrix(held.targets[cases])
        lists = current.lists_for(histories, model.products, held.user_ids, TOP)
        theirs = float(ndcg(lists, targets).mean())
    return {
        "measure": f"NDCG@{TOP}", "value": float(values.mean()), "interval": [spread.low, spread.high],
        "cases": len(cases), "current": theirs, "blends": model.ranker.validation,
        "blends_of_new": model.ranker.validation_of_new,
    }  # fmt: skip


def _current_segments(catalog: SparkCatalog) -> DataFrame | None:
    if not catalog.storage.exists(catalog.path("segments", "CURRENT")):
        return None
    return read_segments(catalog)


def _segments_of_users(segments: DataFrame | None) -> tuple[dict[str, int], tuple[str, ...]]:
    """user id -> segment; names of segment 0, 1, …"""
    if segments is None:
        return {}, ()
    table = segments.select("user_id", "segment", "segment_name").toArrow()
    numbers = table["segment"].to_pylist()
    named = dict(zip(numbers, table["segment_name"].to_pylist(), strict=True))
    names = tuple(named.get(number, f"segment {number}") for number in range(max(named, default=-1) + 1))
    return dict(zip(table["user_id"].to_pylist(), numbers, strict=True)), names


def _aligned(factors: Factors, products: Products) -> Factors:
    """The same with one item row per product: those that were only taken out of carts get zeros."""
    rows = [products.index[product_id] for product_id in factors.item_ids]
    item_factors = np.zeros((len(products), factors.rank), dtype=np.float32)
    item_factors[rows] = factors.item_factors
    return replace(factors, item_factors=item_factors, item_ids=products.ids)
