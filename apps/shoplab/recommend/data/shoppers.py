"""The users a model knows: segment, and the products they met last or bought."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shoplab.core.schemas import MODEL_USER
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.recommend.data.arrays import UNKNOWN
from shoplab.recommend.data.feedback import Feedback
from shoplab.recommend.data.products import Products


@dataclass(frozen=True)
class Shoppers:
    """Users sorted by id. User i met products items[starts[i]:starts[i + 1]], oldest first.

    kinds: those of the model's Feedback. A segment is UNKNOWN where the user has none.
    """

    ids: tuple[str, ...]
    segments: NDArray[np.int16]
    starts: NDArray[np.int64]
    items: NDArray[np.int32]
    kinds: NDArray[np.int8]

    @cached_property
    def index(self) -> dict[str, int]:
        return {user_id: row for row, user_id in enumerate(self.ids)}

    def history(self, row: int) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """A user's products and kinds, oldest first."""
        span = slice(self.starts[row], self.starts[row + 1])
        return self.items[span], self.kinds[span]

    def segment(self, row: int) -> int | None:
        return None if self.segments[row] == UNKNOWN else int(self.segments[row])

    def to_arrow(self) -> pa.Table:
        columns = [
            pa.array(self.ids, pa.string()),
            pa.array(self.segments),
            pa.LargeListArray.from_arrays(self.starts, self.items),
            pa.LargeListArray.from_arrays(self.starts, self.kinds),
        ]
        return pa.table(columns, schema=arrow_schema(MODEL_USER))

    @classmethod
    def from_arrow(cls, table: Any) -> "Shoppers":
        items, kinds = table["items"].combine_chunks(), table["kinds"].combine_chunks()
        segments = table["segment"].to_numpy()
        ids = tuple(table["user_id"].to_pylist())
        return cls(ids, segments, items.offsets.to_numpy(), items.flatten().to_numpy(), kinds.flatten().to_numpy())


def gather_shoppers(
    history: Any, user_ids: list[str], products: Products, segments: dict[str, int], feedback: Feedback
) -> Shoppers:
    """From `recent_history` as an Arrow table. `segments`: user id -> segment, for as many as have one."""
    row_of = {user_id: row for row, user_id in enumerate(user_ids)}
    rows = np.array([row_of[user_id] for user_id in history["user_id"].to_pylist()], dtype=np.int64)
    items = np.array([products.index[product] for product in history["product_id"].to_pylist()], dtype=np.int32)
    kinds = np.array([feedback.kinds[kind] for kind in history["kind"].to_pylist()], dtype=np.int8)
    times = history["last_time"].to_numpy()
    order = np.lexsort((items, times, rows))
    starts = np.searchsorted(rows[order], np.arange(len(user_ids) + 1))
    placed = np.array([segments.get(user_id, UNKNOWN) for user_id in user_ids], dtype=np.int16)
    return Shoppers(tuple(user_ids), placed, starts, items[order], kinds[order])
