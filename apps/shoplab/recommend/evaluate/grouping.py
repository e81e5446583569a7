"""The segments of the training users, as `./lab segment` would find them: one of the sources goes by them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.products import products
from shoplab.behaviour.users import users_of
from shoplab.core.frames import kept
from shoplab.recommend.data.arrays import UNKNOWN
from shoplab.recommend.data.log import Log
from shoplab.segments.history import user_history
from shoplab.segments.kmeans import apply_segments, fit_segments


class UserSegments(NamedTuple):
    """of: segment per user of the log, UNKNOWN for none. names: of the segments."""

    of: NDArray[np.int16]
    names: tuple[str, ...]


def segment_users(events: DataFrame, log: Log, seed: int) -> UserSegments | None:
    """None where users are too much alike for two segments."""
    with kept(user_history(users_of(events, products(events)))) as history:
        model = fit_segments(history, seed=seed)
        table = apply_segments(model, history).select("user_id", F.col("segment").cast("int")).toArrow()
    if model.k < 2:
        return None
    found = dict(zip(table["user_id"].to_pylist(), table["segment"].to_pylist(), strict=True))
    return UserSegments(np.array([found.get(user, UNKNOWN) for user in log.user_ids], dtype=np.int16), model.names)
