"""A table's columns as Arrow knows them: for files written and read without Spark."""

from functools import cache

import pyarrow as pa

from shoplab.core.schemas.table import Table

_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(), "bigint": pa.int64(), "int": pa.int32(), "smallint": pa.int16(), "double": pa.float64(),
    "timestamp": pa.timestamp("us", "UTC"), "date": pa.date32(), "boolean": pa.bool_(),
    "map<string,double>": pa.map_(pa.string(), pa.field("value", pa.float64(), nullable=False)),
    "map<string,bigint>": pa.map_(pa.string(), pa.int64()),
    "map<string,array<bigint>>": pa.map_(pa.string(), pa.list_(pa.int64())),
    "array<int>": pa.large_list(pa.int32()), "array<tinyint>": pa.large_list(pa.int8()),
}  # fmt: skip


@cache
def arrow_schema(table: Table) -> pa.Schema:
    return pa.schema([pa.field(column.name, _TYPES[column.kind], column.nullable) for column in table.columns])
