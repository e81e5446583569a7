"""A micro-batch's EVENT rows -> those that tell what users want, in the order of time."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shoplab.recommend.data.feedback import Feedback

COLUMNS = [
    "event_time", "event_type", "product_id", "category_id", "category_code", "brand", "price", "user_id",
    "user_session",
]  # fmt: skip


def telling(events: pa.Table, feedback: Feedback) -> pa.Table:
    """COLUMNS; of one time in the order they came in."""
    kept = events.select(COLUMNS).filter(pc.is_in(events["event_type"], pa.array(feedback.types)))
    order = np.argsort(seconds(kept), kind="stable")
    return kept.take(pa.array(order)).combine_chunks()


def seconds(events: pa.Table) -> NDArray[np.float64]:
    """Unix seconds of every event."""
    micros = pc.cast(pc.cast(events["event_time"], pa.timestamp("us", "UTC")), pa.int64()).to_numpy()
    found: NDArray[np.float64] = micros / 1e6
    return found


def kinds(events: pa.Table, feedback: Feedback) -> NDArray[np.int64]:
    """The feedback's kind of every event."""
    found = pc.index_in(events["event_type"], pa.array(feedback.types)).to_numpy()
    return np.asarray(found, dtype=np.int64)


def coded(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct texts, and per row its place among them; null is a text of its own, ""."""
    found = pc.fill_null(column, "").combine_chunks().dictionary_encode()
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    return found.dictionary.to_pylist(), np.asarray(found.indices.to_numpy(), dtype=np.int64)
