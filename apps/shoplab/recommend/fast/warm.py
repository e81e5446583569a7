"""Compiles every kernel of the recommender, before anybody waits for it."""

import tempfile
from pathlib import Path

import numpy as np

from shoplab.recommend.data.arrays import UNKNOWN
from shoplab.recommend.data.log import build_log
from shoplab.recommend.data.products import Product, Products
from shoplab.recommend.data.shoppers import Shoppers
from shoplab.recommend.fast import bundle
from shoplab.recommend.fast.case import CaseRanker
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.ranking.fit import fit


def warm() -> None:
    """By a recommender of three products, and one question of what was read back from its bundle."""
    products = Products(tuple(Product(f"p{n}", None, "electronics.phone", "acme", 10.0 * n) for n in range(3)))
    users, items = list("abcdef"), ["p0", "p2", *["p1"] * 4]
    log = build_log(products, users, users, items, np.zeros(6, np.int8), np.arange(6.0))
    none = np.full(6, UNKNOWN, np.int16)
    shoppers = Shoppers(log.user_ids, none, np.arange(7), log.items.astype(np.int32), log.kinds)
    with tempfile.TemporaryDirectory() as folder:
        bundle.write(Recommender(products, shoppers, fit(log, "live", rank=2)), Path(folder) / "model")
        kernel = CaseRanker(bundle.read(Path(folder) / "model").parts.flat)
        kernel.rank(np.array([0, 1], np.int32), np.zeros(2, np.int8), 3)
