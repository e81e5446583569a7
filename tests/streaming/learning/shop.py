"""A small trained shop without Spark, and EVENT rows of what happens in it afterwards."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa

from shoplab.core.catalog import Catalog
from shoplab.core.schemas import EVENT
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.core.settings import Settings
from shoplab.recommend.data.log import Log
from shoplab.recommend.data.shoppers import Shoppers
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.ranking.fit import fit
from tests.memory_hdfs import MemoryHdfs
from tests.recommend.logs import SHELVES, log_of, products_of, two_tastes

NAMES = ("phone fans", "runners")
WEEK = 7 * 86_400.0


def trained(log: Log | None = None, version: str = "v1") -> Recommender:
    """On `two_tastes`: who likes phones is in segment 0, who likes shoes in 1; of another log nobody is."""
    log = log or two_tastes()
    segments = np.array(["ps".find(user[0]) for user in log.user_ids], dtype=np.int16)
    ranker = fit(log, "live", segments, NAMES, rank=4)
    return Recommender(log.products, _shoppers(log, segments), ranker, NAMES, log.now, version)


def _shoppers(log: Log, segments: np.ndarray) -> Shoppers:
    users = log.users[log.visit_of]
    order = np.lexsort((log.times, users))
    starts = np.searchsorted(users[order], np.arange(len(log.user_ids) + 1))
    return Shoppers(log.user_ids, segments, starts, log.items[order], log.kinds[order])


def events(base: Recommender, *rows: tuple[str, str], after: float = 60.0, kind: str = "view") -> pa.Table:
    """An event per (user, "p1 n1"), a second each, so many seconds after the training; a visit is a user's. A product's
    first letter says its shelf; "pn…" is a phone that the model does not know.
    """
    flat = [(user, product) for user, words in rows for product in words.split()]
    return pa.Table.from_pylist(
        [_event(user, product, base.until + after + at, kind) for at, (user, product) in enumerate(flat)],
        arrow_schema(EVENT),
    )


def _event(user: str, product: str, at: float, kind: str) -> dict[str, object]:
    time = dt.datetime.fromtimestamp(at, dt.UTC)
    category, brand, price = SHELVES.get(product[0], (None, None, None))
    return {
        "event_time": time, "event_type": kind, "product_id": product, "category_id": f"id-{product[0]}",
        "category_code": category, "brand": brand, "price": price, "quantity": None, "user_id": user,
        "user_session": f"visit of {user}", "date": time.date(),
    }  # fmt: skip


def steps(visits: int, seed: int, shelf: int = 80) -> list[tuple[str, str]]:
    """(user, "p4 p5 p7 …"): each visit goes on by one or two products on its shelf, five times."""
    rng = np.random.default_rng(seed)
    rows = []
    for at in range(visits):
        taste = "ps"[at % 2]
        path = (rng.integers(shelf) + np.cumsum(rng.integers(1, 3, 6))) % shelf
        rows.append((f"{taste}{at % 40}", " ".join(f"{taste}{item}" for item in path)))
    return rows


def walks(visits: int, seed: int = 1) -> Log:
    return log_of(*steps(visits, seed), products=products_of([f"{t}{i}" for t in "ps" for i in range(80)]), days=0.05)


def memory_catalog() -> Catalog:
    catalog = Catalog(replace(Settings(), hdfs_user="nobody"))
    catalog.storage = MemoryHdfs()  # type: ignore[assignment]
    return catalog
