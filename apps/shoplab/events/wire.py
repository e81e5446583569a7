"""An event as a Kafka record: the only place that knows how one is written. Key: the user's id, so that a user's events
keep their order; value: JSON of SOURCE_COLUMNS, all of them text, those without a value empty or left out. What stands
in a file and is no row goes along too, as `raw` with a `fault`: finding and counting bad rows is the stream's work.
"""

from typing import TYPE_CHECKING

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from shoplab.core.schemas import RAW_COLUMNS, SOURCE_COLUMNS
from shoplab.events.regular import RECORD
from shoplab.events.rows import HEX, RAW_LENGTH
from shoplab.events.texts import identity

WIRE = (*SOURCE_COLUMNS, "raw", "fault")
_PLACES = {name: 4 * number + 3 for number, name in enumerate(SOURCE_COLUMNS)}  # of RECORD split at its quotes
_NESTED = rf'"({"|".join(WIRE)})"\s*:\s*[\[{{]'  # a list or an object where a single value belongs
_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF = rf"{_HIGH}(?!{_LOW})|(?<!{_HIGH}){_LOW}"  # of a character: no text, and Spark puts a question mark there

if TYPE_CHECKING:  # who sends events needs no Spark
    from pyspark.sql import Column, DataFrame


def encode(row: dict[str, str]) -> tuple[bytes, bytes]:
    """Key and value."""
    return identity(row["user_id"]).encode(), orjson.dumps(row)


def encode_plain(rows: dict[str, pa.Array]) -> pa.Array:
    """The values of many rows that `events.regular` knows: nothing in them has to be escaped. rows: SOURCE_COLUMNS."""
    before = {name: f'{"{" if not number else ","}"{name}":"' for number, name in enumerate(RAW_COLUMNS)}
    parts = [part for name in RAW_COLUMNS for part in (before[name], rows[name], '"')]
    quantity = pc.binary_join_element_wise(',"quantity":"', rows["quantity"], '"', "")
    ends = pc.if_else(pc.equal(rows["quantity"], ""), "", quantity)
    return pc.binary_join_element_wise(*parts, ends, "}", "")


def decode(records: "DataFrame") -> "DataFrame":
    """Adds to records with a `value`: WIRE as text, each null where the record has none, all of them where it is not
    one JSON object, in UTF-8, of single values; and `plain`, see `events.regular`.
    """
    from pyspark.sql import functions as F

    # Step by step in columns of their own: written as one expression, what is used often is computed as often, and
    # Java's compiler gives up on the size of it
    value, plain = F.col("value"), F.col("plain")
    told = records.withColumn("plain", F.coalesce(text(value).rlike(RECORD), F.lit(False)))
    told = told.withColumns({"_parts": F.when(plain, F.split(text(value), '"')), "_odd": F.when(~plain, value)})
    told = told.withColumn("_found", _parsed(F.col("_odd"))).withColumn("_whole", _is_one(F.col("_odd")))
    fields = {name: F.when(F.col("_whole"), _written(F.col("_found")[0][name], F.col("_odd"), name)) for name in WIRE}
    fields |= {name: F.coalesce(F.get("_parts", F.lit(place)), fields[name]) for name, place in _PLACES.items()}
    return told.withColumns(fields).drop("_parts", "_odd", "_found", "_whole")


def _parsed(value: "Column") -> "Column":
    """What a record that is written in whatever way holds: a list of one struct of WIRE, and a mark."""
    from pyspark.sql import functions as F

    # Spark's parser stops behind the first object. Set into a list, with a mark behind it, it has to end there.
    framed = F.concat(F.lit("["), text(value), F.lit(',{"end":true}]'))
    fields = ",".join(f"{name}:string" for name in WIRE)
    whole = F.is_valid_utf8(text(value)) & ~text(value).rlike(_HALF)
    return F.from_json(F.when(whole, framed), f"array<struct<{fields},end:boolean>>")


def _is_one(value: "Column") -> "Column":
    """Whether `_found` is of one object of single values."""
    from pyspark.sql import functions as F

    found = F.col("_found")
    alone = (F.size(found) == 2) & F.coalesce(F.get(found, F.lit(1))["end"], F.lit(False))
    return alone & ~text(value).rlike(_NESTED)


def _written(read: "Column", value: "Column", name: str) -> "Column":
    """Of a number the digits as they stand in the record: 541312140.0 is 5.4131214E8 for Spark."""
    from pyspark.sql import functions as F

    digits = F.regexp_extract(text(value), rf'"{name}"\s*:\s*(-?\d+\.\d+)\s*[,}}]', 1)
    return F.when(read.rlike(r"^-?\d\.\d+E\d+$"), F.coalesce(F.nullif(digits, F.lit("")), read)).otherwise(read)


def text(value: "Column") -> "Column":
    """The record as text, of whatever bytes."""
    return value.cast("string")


def shown(value: "Column") -> "Column":
    """The record as people read it: what is kept of one that is rejected. Not in UTF-8: hexadecimal, behind "hex:"."""
    from pyspark.sql import functions as F

    readable = F.substring(text(value), 1, RAW_LENGTH)
    return F.when(F.is_valid_utf8(text(value)), readable).otherwise(
        F.concat(F.lit(HEX), F.lower(F.hex(F.substring(value, 1, RAW_LENGTH // 2))))
    )
