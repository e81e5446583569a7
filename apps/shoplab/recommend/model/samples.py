"""A few users of a model, with what they did last and what is recommended to them, for people to look at."""

from typing import Any

import numpy as np

from shoplab.recommend.data.histories import UserContext
from shoplab.recommend.data.products import words_for
from shoplab.recommend.model.recommender import Recommendation, Recommender

SHOWN = 5  # last products of a user


def samples(model: Recommender, users: int, items: int = 6) -> list[dict[str, Any]]:
    """The users with most stored history: {"user_id", "recent": ["cart: xiaomi smartphones", ...], "items": [...]}."""
    histories = np.diff(model.shoppers.starts)
    rows = np.argsort(-histories, kind="stable")[:users]
    contexts = [UserContext(model.shoppers.ids[row]) for row in rows]
    return [
        {"user_id": user.user_id, "recent": _recent(model, int(row)), "items": [_item(model, item) for item in found]}
        for row, user, found in zip(rows, contexts, model.recommend(contexts, items), strict=True)
    ]


def _recent(model: Recommender, row: int) -> list[str]:
    """Newest first."""
    met, kinds = model.shoppers.history(row)
    latest = list(zip(met.tolist(), kinds.tolist(), strict=True))[: -SHOWN - 1 : -1]
    return [f"{model.feedback.types[kind]}: {words_for(model.products[item])}" for item, kind in latest]


def _item(model: Recommender, item: Recommendation) -> dict[str, Any]:
    product = model.products[model.products.index[item.product_id]]
    label = " · ".join(part for part in (product.brand, product.category_code, item.product_id) if part)
    return item._asdict() | {"label": label, "price": product.price}
