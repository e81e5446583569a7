"""A micro-batch's rows as arrays."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shoplab.core.vocabulary import BY_NAME, NAMES
from shoplab.streaming.state.keyed import Keys
from shoplab.streaming.state.words import Words

_PAYS = np.array([BY_NAME[name].pays for name in NAMES], np.float64)
MICROS = 1_000_000


class Events(NamedTuple):
    """Grain of each array: one event. time: microseconds since 1970. month: months since 1970. day: of the month, from
    0. kind: place in vocabulary.NAMES. price, level: NaN where there is none; level: the product's price_level. paid:
    what the event adds to revenue. category: the top one's number; brand: its number. user, session, product: hashes.
    """

    user: Keys
    session: Keys
    product: Keys
    time: NDArray[np.int64]
    month: NDArray[np.int64]
    day: NDArray[np.int64]
    kind: NDArray[np.int8]
    price: NDArray[np.float64]
    paid: NDArray[np.float64]
    category: NDArray[np.int32]
    brand: NDArray[np.int32]
    level: NDArray[np.float64]

    def where(self, chosen: NDArray[Any]) -> "Events":
        """By a mask or by places."""
        return Events(*(column[chosen] for column in self))


def as_arrays(rows: pa.Table, session: Keys, categories: Words, brands: Words, levels: NDArray[np.float64]) -> Events:
    """From rows with EVENT's columns and the hashes user_key and product_key. session: their hashes, none missing."""
    time = micros(rows["event_time"])
    month = month_of(time)
    kind = pc.index_in(rows["event_type"], pa.array(NAMES)).to_numpy().astype(np.int8)
    price = _floats(rows["price"])
    pieces = pc.fill_null(rows["quantity"], 1).to_numpy()
    top = pc.list_element(pc.split_pattern(rows["category_code"], ".", max_splits=1), 0)
    return Events(
        user=rows["user_key"].to_numpy(),
        session=session,
        product=rows["product_key"].to_numpy(),
        time=time,
        month=month,
        day=_days(time) - month.astype("M8[M]").astype("M8[D]").astype(np.int64),
        kind=kind,
        price=price,
        paid=np.nan_to_num(_PAYS[kind] * price * pieces),
        category=categories.numbers(top),
        brand=brands.numbers(rows["brand"]),
        level=levels,
    )


def micros(times: pa.ChunkedArray) -> NDArray[np.int64]:
    made: NDArray[np.int64] = pc.cast(pc.cast(times, pa.timestamp("us", "UTC")), pa.int64()).to_numpy()
    return made


def month_of(time: NDArray[np.int64]) -> NDArray[np.int64]:
    months: NDArray[np.int64] = time.astype("M8[us]").astype("M8[M]").astype(np.int64)
    return months


def month_name(month: int) -> str:
    """ "2019-11"."""
    return str(np.datetime64(int(month), "M"))


def _days(time: NDArray[np.int64]) -> NDArray[np.int64]:
    days: NDArray[np.int64] = time.astype("M8[us]").astype("M8[D]").astype(np.int64)
    return days


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    made: NDArray[np.float64] = pc.fill_null(pc.cast(column, pa.float64()), float("nan")).to_numpy()
    return made
