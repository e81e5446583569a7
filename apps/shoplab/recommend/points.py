"""A trained recommender as metric points: what `./lab train` writes to the metric store."""

import datetime as dt

import numpy as np

from shoplab.metrics.point import Field, Point
from shoplab.recommend.data.histories import UserContext
from shoplab.recommend.job import TrainSummary
from shoplab.recommend.model.recommender import Recommender

SAMPLE_USERS, PER_USER = 1_000, 10


def model_points(model: Recommender, summary: TrainSummary) -> list[Point]:
    """model, at the version's time; docs/metrics.md."""
    asked, recommended = _sample(model)
    fields: dict[str, Field] = {
        "users": summary.users, "products": summary.products, "pairs": summary.pairs, "factors": summary.rank,
        "segments": summary.segments, "training_s": summary.seconds, "engine": summary.engine,
        "sample_users": asked, "sample_products": recommended, "coverage": recommended / summary.products,
    }  # fmt: skip
    made = dt.datetime.strptime(summary.version, "%Y%m%dT%H%M%S%f").replace(tzinfo=dt.UTC)
    return [Point("model", {}, fields, made)]


def _sample(model: Recommender) -> tuple[int, int]:
    """Users taken evenly from the model's, and how many different products their lists hold together."""
    ids = model.shoppers.ids
    rows = np.unique(np.linspace(0, len(ids) - 1, min(SAMPLE_USERS, len(ids)), dtype=int))
    lists = model.recommend([UserContext(ids[row]) for row in rows], PER_USER)
    return len(rows), len({item.product_id for items in lists for item in items})
