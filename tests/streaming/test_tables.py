"""Every table that a real run has written is what its schema says."""

import io
import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from shoplab.core.catalog import Catalog
from shoplab.core.schemas import TABLES, Column, Table
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.core.settings import Settings
from tests.streaming.conftest import FirstRun

BY_VERSION = ("segments", "value")


def files(catalog: Catalog, dataset: str) -> list[str]:
    """Of the current version, where there are versions."""
    if dataset.endswith(".parquet"):
        model, file = dataset.rsplit("/", 1)
        return [f"{catalog.current(model)}/{file}"]
    root = catalog.current(dataset) if dataset in BY_VERSION else catalog.path(dataset)
    kind = ".json" if dataset == "live/accounts" else ".parquet"
    return [path for path in catalog.storage.walk(root) if path.endswith(kind)]


def written(catalog: Catalog, table: Table) -> dict[str, pa.Table]:
    """Micro-batch, or "" -> its rows: each micro-batch is a table of its own."""
    parts: dict[str, list[pa.Table]] = {}
    for path in files(catalog, table.dataset):
        batch = "".join(re.findall(r"/batch=(\d+)", path))
        parts.setdefault(batch, []).append(_rows(catalog, path, table))
    return {batch: pa.concat_tables(some, promote_options="default") for batch, some in parts.items()}


def _rows(catalog: Catalog, path: str, table: Table) -> pa.Table:
    """With the column that is named in the path alone."""
    if path.endswith(".json"):
        return pa.Table.from_pylist([catalog.storage.read_json(path)])
    rows = pq.read_table(io.BytesIO(catalog.storage.read(path)))
    for value in re.findall(rf"/{table.partition}=([^/]+)", path):
        rows = rows.append_column(table.partition, pa.array([value] * len(rows), pa.string()))
    return rows


def faults(table: Table, rows: pa.Table) -> list[str]:
    """What in these rows is not as the schema says: columns, types, nulls, keys, words, bounds."""
    if sorted(rows.column_names) != sorted(table.names):
        return [f"columns {sorted(set(rows.column_names) ^ set(table.names))}"]
    found = [f"{column.name}: {fault}" for column in table.columns for fault in _of_column(column, rows[column.name])]
    wanted = {field.name: field.type for field in arrow_schema(table)}
    for name, kind in wanted.items():
        if name != table.partition and not _same_kind(rows.schema.field(name).type, kind):
            found.append(f"{name}: is {rows.schema.field(name).type}, not {kind}")
    distinct = rows.group_by(list(table.key)).aggregate([])
    if len(distinct) != len(rows):
        found.append(f"key {table.key}: {len(rows) - len(distinct)} rows more than keys")
    return found


def _of_column(column: Column, values: pa.ChunkedArray) -> list[str]:
    found = []
    if not column.nullable and values.null_count:
        found.append(f"{values.null_count} nulls")
    if column.values and (strange := set(values.drop_null().unique().to_pylist()) - set(column.values)):
        found.append(f"holds {sorted(strange)}")
    if pa.types.is_floating(values.type) and pc.all(pc.is_finite(values)).as_py() is False:
        found.append("is not finite somewhere")
    low, high = (pc.min_max(values)[end].as_py() for end in ("min", "max")) if _has_bounds(column) else (None, None)
    if column.low is not None and low is not None and low < column.low:
        found.append(f"{low} is below {column.low}")
    if column.high is not None and high is not None and high > column.high:
        found.append(f"{high} is above {column.high}")
    return found


def _has_bounds(column: Column) -> bool:
    return column.low is not None or column.high is not None


def _same_kind(ours: pa.DataType, wanted: pa.DataType) -> bool:
    """Lists and strings may be of either size, times of any unit; JSON has one kind of number."""
    tests = (pa.types.is_temporal, pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    texts = (pa.types.is_string, pa.types.is_large_string)
    if any(test(wanted) for test in texts):
        return any(test(ours) for test in texts)
    nested = (pa.types.is_list, pa.types.is_large_list)
    if any(test(wanted) for test in nested):
        return any(test(ours) for test in nested)
    return any(test(ours) and test(wanted) for test in tests) or ours == wanted or pa.types.is_map(wanted)


@pytest.mark.parametrize("dataset", TABLES)
def test_a_table_is_what_its_schema_says(dataset: str, live: Settings, first_run: FirstRun) -> None:
    table = TABLES[dataset]
    made = written(Catalog(live), table)
    assert made, "nothing was written"
    assert sum(map(len, made.values())) > 0
    for name, rows in made.items():
        assert faults(table, rows) == [], name


SMALL = Table(
    "small",
    "one user",
    ("user_id",),
    (
        Column("user_id", "string"),
        Column("kind", "string", True, values=("x", "y")),
        Column("share", "double", low=0, high=1),
    ),
)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"user_id": ["a", "a"], "kind": ["x", None], "share": [0.0, 1.0]}, "key ('user_id',): 1 rows more than keys"),
        ({"user_id": ["a", None], "kind": ["x", "y"], "share": [0.0, 1.0]}, "user_id: 1 nulls"),
        ({"user_id": ["a", "b"], "kind": ["x", "z"], "share": [0.0, 1.0]}, "kind: holds ['z']"),
        ({"user_id": ["a", "b"], "kind": ["x", "y"], "share": [-0.1, 1.0]}, "share: -0.1 is below 0"),
        ({"user_id": ["a", "b"], "kind": ["x", "y"], "share": [0.5, 1.5]}, "share: 1.5 is above 1"),
        ({"user_id": ["a", "b"], "kind": ["x", "y"], "share": [0.5, float("nan")]}, "share: is not finite somewhere"),
        ({"user_id": ["a", "b"], "kind": ["x", "y"], "share": [0, 1]}, "share: is int64, not double"),
        ({"user_id": ["a"], "share": [0.5]}, "columns ['kind']"),
    ],
)
def test_every_fault_is_seen(rows: dict[str, list[Any]], said: str) -> None:
    assert faults(SMALL, pa.table(rows)) == [said]
