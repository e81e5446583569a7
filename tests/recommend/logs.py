"""Small logs for tests of the recommender, without Spark."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.log import Log, build_log
from shoplab.recommend.data.products import Product, Products
from shoplab.recommend.data.shoppers import Shoppers

DAY = 86_400.0
SHELVES = {"p": ("electronics.smartphone", "xiaomi", 300.0), "s": ("apparel.shoes", "nike", 80.0)}


def products_of(ids: Sequence[str]) -> Products:
    """A product's first letter says its shelf: p phones, s shoes; others have neither category nor brand."""
    rows = [
        Product(name, f"id-{name[0]}" if name[0] in SHELVES else None, *SHELVES.get(name[0], (None, None, None)))
        for name in sorted(set(ids))
    ]
    return Products(tuple(rows))


def log_of(*visits: tuple[str | None, str], products: Products | None = None, days: float = 1.0) -> Log:
    """A visit per (user, "p1 p2+ s3*"): + a cart, * a purchase; visits are `days` apart, events a minute."""
    flat = [
        (user, f"v{at}", word.rstrip("+*"), CURRENT.kinds[{"+": "cart", "*": "purchase"}.get(word[-1], "view")],
         at * days * DAY + place * 60)
        for at, (user, words) in enumerate(visits)
        for place, word in enumerate(words.split())
    ]  # fmt: skip
    users, names, items, kinds, times = zip(*flat, strict=True) if flat else ((),) * 5
    return build_log(
        products or products_of(items), users, names, items, np.array(kinds, np.int8), np.array(times, float)
    )


def two_tastes(visits: int = 120, seed: int = 3) -> Log:
    """Visits of six products each, all phones or all shoes of 15, by 40 users with one taste each."""
    rng = np.random.default_rng(seed)
    rows = []
    for at in range(visits):
        user = at % 40
        taste = "ps"[user % 2]
        rows.append((f"{taste}{user}", " ".join(f"{taste}{item}" for item in rng.choice(15, 6, replace=False))))
    return log_of(*rows, products=products_of([f"{taste}{item}" for taste in "ps" for item in range(15)]), days=0.2)


def shoppers_of(log: Log, segments: NDArray[np.int16]) -> Shoppers:
    """Its users, with all that they met. For a log of which every visit has a user."""
    users = log.users[log.visit_of]
    order = np.argsort(users, kind="stable")
    starts = np.searchsorted(users[order], np.arange(len(log.user_ids) + 1))
    return Shoppers(log.user_ids, segments, starts, log.items[order].astype(np.int32), log.kinds[order])
