"""Columns of what the stream remembers, as the lab's tables have them."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shoplab.core.schemas import Table
from shoplab.core.schemas.arrow import arrow_schema

_TIME = pa.timestamp("us", "UTC")


def table_of(rows: Table, columns: dict[str, pa.Array]) -> pa.Table:
    """rows: what they are; their columns in its order and types."""
    schema = arrow_schema(rows)
    arrays = [columns[name].cast(schema.field(name).type) for name in rows.names]
    return pa.Table.from_arrays(arrays, schema=schema)


def times(values: NDArray[np.int64], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(values, pa.int64(), mask=missing).cast(_TIME)


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """0 where there is no whole."""
    return np.where(whole > 0, part / np.maximum(whole, 1), 0.0)


def mean(total: NDArray[np.float64], count: NDArray[Any]) -> pa.Array:
    """Null of nothing."""
    return pa.array(ratio(total, count), mask=count == 0)
