"""The train job: events and segments on HDFS -> a recommender, published unless it is worse than the one before."""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from pyspark.sql import DataFrame
from scipy.sparse import csr_matrix

from shoplab.behaviour.products import products
from shoplab.catalog import Catalog
from shoplab.console import Say
from shoplab.errors import LabError
from shoplab.recommend.als import Engine, Factors, fit_als
from shoplab.recommend.catalogue import Catalogue, Product
from shoplab.recommend.content import fit_content
from shoplab.recommend.evaluate.measures import interval, resampled_means
from shoplab.recommend.events_log import durable_items, read_log, repurchases
from shoplab.recommend.files import load, save
from shoplab.recommend.gate import Verdict, decide
from shoplab.recommend.interactions import interactions, recent_history
from shoplab.recommend.log import UNKNOWN
from shoplab.recommend.recommender import Recommender
from shoplab.recommend.shoppers import gather_shoppers
from shoplab.recommend.training import TOP, fit, ndcg
from shoplab.segments.model import read_segments
from shoplab.settings import Settings
from shoplab.spark import kept

_FEWEST_CHECKED = 200  # cases newer than what the current version learned from, to compare with it


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


def train(
    catalog: Catalog,
    engine: Engine = "auto",
    rank: int = 32,
    force: bool = False,
    most_of_category: int = 0,
    say: Say = lambda _: None,
) -> TrainSummary:
    """Fits every source and both blends on all clean events. Segments take part where there are any.

    A model that does worse than the current one on what is newer than both have learned from is kept beside it, unless
    `force`.
    """
    started = time.monotonic()
    events = catalog.read("events")
    model, pairs = fit_recommender(events, _current_segments(catalog), engine, rank, say)
    model = replace(model, trained=replace(model.trained, most_of_category=most_of_category))
    facts = {
        "engine": model.factors.engine, "rank": model.factors.rank, "users": len(model.shoppers.ids),
        "products": len(model.catalogue), "pairs": pairs, "segments": len(model.segment_names),
        "blend": model.trained.default,
    }  # fmt: skip
    manifest: dict[str, Any] = facts | {"trained_s": round(time.monotonic() - started, 2)}
    current = _current(catalog)
    manifest["validation"] = _validation(model, current)
    verdict = decide(manifest, catalog.manifest("models/recommender") if current else None, force)
    say("publishing")
    version = catalog.publish(
        "models/recommender", lambda path: save(model, catalog.storage, path), manifest, promote=verdict.promoted
    )
    return TrainSummary(version, **facts, verdict=verdict, seconds=round(time.monotonic() - started, 2))  # type: ignore[arg-type]


def fit_recommender(
    events: DataFrame,
    segments: DataFrame | None,
    engine: Engine = "auto",
    rank: int = 32,
    say: Say = lambda _: None,
) -> tuple[Recommender, int]:
    """The model and the number of user-product pairs it was fitted on. `segments`: user_id, segment, segment_name."""
    with kept(interactions(events)) as pairs:
        count = pairs.count()
        if not count:
            raise LabError("no views, carts or purchases to learn from; first: ./lab ingest FILE")
        catalogue = Catalogue.from_arrow(products(events).select(*Product._fields).toArrow())
        say("ALS")
        factors = _aligned(fit_als(pairs, engine, rank), catalogue)
        placed, names = _segments_of_users(segments)
        shoppers = gather_shoppers(recent_history(pairs).toArrow(), factors.user_ids, catalogue, placed)
    log = read_log(events, catalogue)
    durable = durable_items(repurchases(events).toArrow(), catalogue)
    of_users = np.array([placed.get(user, UNKNOWN) for user in log.user_ids], dtype=np.int16)
    content = fit_content(catalogue, events.sparkSession)
    trained = fit(log, "live", of_users, names, durable, rank, say=say, als=factors, content=content)
    return Recommender(catalogue, shoppers, trained, names, log.now), count


def load_current(settings: Settings) -> Recommender:
    """The published model, without Spark. LabError with the command that makes one, where there is none."""
    catalog = Catalog(settings)
    return load(catalog.storage, catalog.current("models/recommender"))


def _current(catalog: Catalog) -> Recommender | None:
    """None also for files of an older layout: they can't be compared with."""
    try:
        return load_current(catalog.settings)
    except (LabError, KeyError):
        return None


def _validation(model: Recommender, current: Recommender | None) -> dict[str, Any] | None:
    """For the manifest: the new blends on the cases kept from learning, newer than what the current version knows; and
    the current version on the same.
    """
    checks = model.trained.checks
    if checks is None or not len(checks.times):
        return None
    fresh = np.flatnonzero(checks.times > (current.until if current else -np.inf))
    comparable = current is not None and len(fresh) >= _FEWEST_CHECKED
    cases = fresh if comparable else np.arange(len(checks.times))
    values = checks.values[cases]
    spread = interval(float(values.mean()), resampled_means(values[:, None], cases, 7)[:, 0])
    theirs = None
    if comparable and current is not None:
        histories, targets = checks.histories.take(cases), csr_matrix(checks.targets[cases])
        lists = current.lists_for(histories, model.catalogue, checks.user_ids, TOP)
        theirs = float(ndcg(lists, targets).mean())
    return {
        "measure": f"NDCG@{TOP}", "value": float(values.mean()), "interval": [spread.low, spread.high],
        "cases": len(cases), "current": theirs, "blends": model.trained.validation,
    }  # fmt: skip


def _current_segments(catalog: Catalog) -> DataFrame | None:
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


def _aligned(factors: Factors, catalogue: Catalogue) -> Factors:
    """The same with one item row per catalogue product: products that were only taken out of carts get zeros."""
    rows = [catalogue.index[product_id] for product_id in factors.item_ids]
    item_factors = np.zeros((len(catalogue), factors.rank), dtype=np.float32)
    item_factors[rows] = factors.item_factors
    item_ids = [product.product_id for product in catalogue.products]
    return Factors(factors.user_ids, item_ids, factors.user_factors, item_factors, factors.engine)
