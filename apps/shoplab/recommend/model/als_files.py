"""Factors in the layout of Spark's ALSModel, so that `ALSModel.load` reads what either engine fitted."""

import io
import time
from importlib.metadata import version

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from shoplab.core.storage import Storage
from shoplab.recommend.data.arrays import Floats


def save_factors(storage: Storage, path: str, user_factors: Floats, item_factors: Floats) -> None:
    """Writes metadata/, userFactors/ and itemFactors/ below path; id is the row number."""
    metadata = {
        "class": "org.apache.spark.ml.recommendation.ALSModel",
        "timestamp": int(time.time() * 1000),
        "sparkVersion": version("pyspark"),
        "uid": "ALSModel_shoplab",
        "paramMap": {"userCol": "user", "itemCol": "item"},
        "defaultParamMap": {"predictionCol": "prediction", "blockSize": 4096, "coldStartStrategy": "nan"},
        "rank": int(item_factors.shape[1]),
    }
    storage.write(f"{path}/metadata/part-00000", orjson.dumps(metadata) + b"\n")
    storage.write(f"{path}/userFactors/part-00000.parquet", _to_parquet(user_factors))
    storage.write(f"{path}/itemFactors/part-00000.parquet", _to_parquet(item_factors))


def load_factors(storage: Storage, path: str) -> tuple[Floats, Floats]:
    """User and item vectors, row = id."""
    users = storage.read(f"{path}/userFactors/part-00000.parquet")
    items = storage.read(f"{path}/itemFactors/part-00000.parquet")
    return _from_parquet(users), _from_parquet(items)


def _to_parquet(factors: Floats) -> bytes:
    rows, rank = factors.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * rank
    features = pa.ListArray.from_arrays(offsets, np.ascontiguousarray(factors).ravel())
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": np.arange(rows, dtype=np.int32), "features": features}), sink)
    return sink.getvalue()


def _from_parquet(data: bytes) -> Floats:
    table = pq.read_table(io.BytesIO(data))
    flat = table["features"].combine_chunks().flatten().to_numpy()
    return np.array(flat).reshape(table.num_rows, -1)  # a copy: Arrow's own memory is read-only, solvers refuse it
