"""Kafka records of events, read by Spark: how they are written is said in `wire`."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.core.schemas import SOURCE_COLUMNS
from shoplab.events.regular import PLACES, RECORD
from shoplab.events.rows import HEX, RAW_LENGTH

WIRE = (*SOURCE_COLUMNS, "raw", "fault")
_NESTED = rf'"({"|".join(WIRE)})"\s*:\s*[\[{{]'  # a list or an object where a single value belongs
_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF = rf"{_HIGH}(?!{_LOW})|(?<!{_HIGH}){_LOW}"  # of a character: no text, and Spark puts a question mark there


def decode(records: DataFrame) -> DataFrame:
    """Adds to records with a `value`: WIRE as text, each null where the record has none, all of them where it is not
    one JSON object, in UTF-8, of single values; and `plain`, see `events.regular`.
    """
    # Step by step in columns of their own: written as one expression, what is used often is computed as often, and
    # Java's compiler gives up on the size of it
    value, plain = F.col("value"), F.col("plain")
    told = records.withColumn("plain", F.coalesce(text(value).rlike(RECORD), F.lit(False)))
    told = told.withColumns({"_parts": F.when(plain, F.split(text(value), '"')), "_odd": F.when(~plain, value)})
    told = told.withColumn("_found", _parsed(F.col("_odd"))).withColumn("_whole", _is_one(F.col("_odd")))
    fields = {name: F.when(F.col("_whole"), _written(F.col("_found")[0][name], F.col("_odd"), name)) for name in WIRE}
    fields |= {name: F.coalesce(F.get("_parts", F.lit(place)), fields[name]) for name, place in PLACES.items()}
    return told.withColumns(fields).drop("_parts", "_odd", "_found", "_whole")


def _parsed(value: Column) -> Column:
    """What a record that is written in whatever way holds: a list of one struct of WIRE, and a mark."""
    # Spark's parser stops behind the first object. Set into a list, with a mark behind it, it has to end there.
    framed = F.concat(F.lit("["), text(value), F.lit(',{"end":true}]'))
    fields = ",".join(f"{name}:string" for name in WIRE)
    whole = F.is_valid_utf8(text(value)) & ~text(value).rlike(_HALF)
    return F.from_json(F.when(whole, framed), f"array<struct<{fields},end:boolean>>")


def _is_one(value: Column) -> Column:
    """Whether `_found` is of one object of single values."""
    found = F.col("_found")
    alone = (F.size(found) == 2) & F.coalesce(F.get(found, F.lit(1))["end"], F.lit(False))
    return alone & ~text(value).rlike(_NESTED)


def _written(read: Column, value: Column, name: str) -> Column:
    """Of a number the digits as they stand in the record: 541312140.0 is 5.4131214E8 for Spark."""
    digits = F.regexp_extract(text(value), rf'"{name}"\s*:\s*(-?\d+\.\d+)\s*[,}}]', 1)
    return F.when(read.rlike(r"^-?\d\.\d+E\d+$"), F.coalesce(F.nullif(digits, F.lit("")), read)).otherwise(read)


def text(value: Column) -> Column:
    """The record as text, of whatever bytes."""
    return value.cast("string")


def shown(value: Column) -> Column:
    """The record as people read it: what is kept of one that is rejected. Not in UTF-8: hexadecimal, behind "hex:"."""
    readable = F.substring(text(value), 1, RAW_LENGTH)
    return F.when(F.is_valid_utf8(text(value)), readable).otherwise(
        F.concat(F.lit(HEX), F.lower(F.hex(F.substring(value, 1, RAW_LENGTH // 2))))
    )
