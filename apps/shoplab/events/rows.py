"""A file on this machine -> its rows as text, in the file's order: what ingest, replay and evaluation read.

Grain of a batch: one row of the file. `line`: where it begins, from 1 (in Parquet its number). `raw`: its bytes as text
(hexadecimal behind "hex:" where they are no UTF-8), null where a file has no text. `fault`: why it can't be a row, or
null. `plain`: whether no rule for values changes any of it (`events.regular`). Then SOURCE_COLUMNS, text, null where
the file has none.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from shoplab.core.schemas import SOURCE_COLUMNS
from shoplab.events.mapping import Mapping, Origin
from shoplab.events.regular import row_pattern

RAW_LENGTH = 65_536  # characters kept of a row: enough to take it in again
ROWS = pa.schema(
    [
        ("line", pa.int64()),
        ("raw", pa.string()),
        ("fault", pa.string()),
        ("plain", pa.bool_()),
        *[(name, pa.string()) for name in SOURCE_COLUMNS],
    ]
)
LONGEST_ROW = 900_000  # bytes of its values in JSON: Kafka takes records of a megabyte
TOO_LONG = "longer than a Kafka record may be"
HEX = "hex:"  # before the bytes of a row that are not UTF-8
Values = Sequence[str | None]
Picker = Callable[[Values], Values]


def picker(names: Sequence[str], mapping: Mapping) -> Picker:
    """Values in the order of a file's columns -> values in the order of SOURCE_COLUMNS."""
    origins = mapping.origins(names).values()
    places = [None if origin.column is None else list(names).index(origin.column) for origin in origins]
    constants = [origin.constant for origin in origins]

    def pick(values: Values) -> Values:
        return [constant if place is None else values[place] for place, constant in zip(places, constants, strict=True)]

    return pick


def picked(origins: dict[str, Origin], column: Callable[[str], pa.Array], size: int) -> list[pa.Array]:
    """Of whole columns the same: SOURCE_COLUMNS, from the file's columns by name."""
    return [
        pa.array([origin.constant] * size, pa.string()) if origin.column is None else column(origin.column)
        for origin in origins.values()
    ]


@dataclass
class Rows:
    """Rows in the making."""

    mapping: Mapping
    lines: list[int] = field(default_factory=list)
    raws: list[str | None] = field(default_factory=list)
    faults: list[str | None] = field(default_factory=list)
    values: list[Values] = field(default_factory=list)

    def add(self, line: int, raw: bytes, values: Values) -> None:
        if len(raw) > LONGEST_ROW // 6 and len(orjson.dumps(list(values))) > LONGEST_ROW:  # a byte may take six in JSON
            self.fault(line, raw, TOO_LONG)
        else:
            self._add(line, raw, None, values)

    def fault(self, line: int, raw: bytes, reason: str) -> None:
        self._add(line, raw, reason, (None,) * len(SOURCE_COLUMNS))

    def _add(self, line: int, raw: bytes, fault: str | None, values: Values) -> None:
        self.lines.append(line)
        self.raws.append(shown(raw.rstrip(b"\r\n")))
        self.faults.append(fault)
        self.values.append(values)

    def batch(self) -> pa.RecordBatch:
        values = list(zip(*self.values, strict=True)) or [()] * len(SOURCE_COLUMNS)
        columns = [pa.array(column, pa.string()) for column in values]
        faults = pa.array(self.faults, pa.string())
        plain = are_plain(columns, faults, self.mapping)
        return pa.record_batch([self.lines, self.raws, faults, plain, *columns], schema=ROWS)


def shown(raw: bytes) -> str:
    """A row's bytes as text, the first RAW_LENGTH of it."""
    try:
        return raw.decode()[:RAW_LENGTH]
    except UnicodeDecodeError:
        return f"{HEX}{raw[: RAW_LENGTH // 2].hex()}"


def are_plain(columns: Sequence[pa.Array], faults: pa.Array, mapping: Mapping) -> pa.Array:
    """Of each row, from its SOURCE_COLUMNS, whether `events.regular` knows it."""
    whole = pc.binary_join_element_wise(*[pc.fill_null(column, "") for column in columns], ",")
    return pc.and_(pc.is_null(faults), pc.match_substring_regex(whole, row_pattern(mapping)))


Batches = Iterator[pa.RecordBatch]


def as_text(value: object) -> str | None:
    """A single value as people write it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return float_text(value) if isinstance(value, float | np.floating) else str(value)


def float_text(number: "float | np.floating[Any]") -> str:
    """As short as tells it from its neighbours; a whole number without its ".0". Whole ones of so many digits that some
    may be lost get an exponent, which says so.
    """
    if not np.isfinite(number) or number != int(number):
        return str(number)
    return str(int(number)) if abs(number) < 2 ** (np.finfo(type(number)).nmant + 1) else f"{float(number):e}"
