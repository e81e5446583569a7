"""Source files on HDFS -> one row a line, all columns still text, each with its place in the file."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from shoplab.events.mapping import NUMBER_ID, Mapping, Origin
from shoplab.events.sources import SourceFile

RAW_LENGTH = 1000  # characters kept of a rejected row
_PLACE = ("path", "block", "position")


def read(spark: SparkSession, source: SourceFile, uris: Sequence[str], mapping: Mapping) -> DataFrame:
    """The rows of an inspected file, which lies at `uris`: `read_parquet` or `read_lines`."""
    if source.kind == "parquet":
        return read_parquet(spark, uris, source.names, mapping)
    return read_lines(spark, uris, source.names, source.header, mapping)


def read_lines(
    spark: SparkSession, uris: Sequence[str], names: list[str], header: str | None, mapping: Mapping
) -> DataFrame:
    """CSV lines: SOURCE_COLUMNS as text, `malformed`, `raw`, and the place from which `number_lines` makes a line
    number.

    Quoted line breaks are not supported: a line is a row. Blank lines and repeated headers are no rows.
    """
    text = _text(spark, uris)
    kept = text.where(F.trim("raw") != "")
    if header is not None:
        kept = kept.where(F.col("raw") != F.lit(header))
    schema = T.StructType([T.StructField(name, T.StringType()) for name in [*names, "_malformed"]])
    options = {"sep": mapping.delimiter, "columnNameOfCorruptRecord": "_malformed", "mode": "PERMISSIVE"}
    options["escape"] = '"'  # a quote inside a quoted text is written twice, as Python's csv and the replay have it
    parsed = kept.withColumn("row", F.from_csv("raw", schema.toDDL(), options))
    return parsed.select(
        *_PLACE,
        F.substring("raw", 1, RAW_LENGTH).alias("raw"),
        F.col("row._malformed").isNotNull().alias("malformed"),
        *_our_columns(names, mapping, "row."),
    )


def _text(spark: SparkSession, uris: Sequence[str]) -> DataFrame:
    return spark.read.text(list(uris)).select(
        F.col("_metadata.file_path").alias("path"),
        F.col("_metadata.file_block_start").alias("block"),
        F.monotonically_increasing_id().alias("position"),
        F.ltrim(F.col("value"), F.lit("\ufeff")).alias("raw"),
    )


def read_parquet(spark: SparkSession, uris: Sequence[str], names: list[str], mapping: Mapping) -> DataFrame:
    """Parquet rows in the same shape as `read_lines`, with `line`, the row's number from 1, in place of a place."""
    table = spark.read.parquet(*uris)
    return table.select(
        (F.col("_metadata.row_index") + 1).alias("line"),
        F.substring(F.to_json(F.struct(*[f"`{name}`" for name in names])), 1, RAW_LENGTH).alias("raw"),
        F.lit(False).alias("malformed"),
        *_our_columns(names, mapping, "", table.schema),
    )


def number_lines(rows: DataFrame, spark: SparkSession, uris: Sequence[str]) -> DataFrame:
    """Adds `line` (1 is the file's first) to rows of `read_lines`. Positions count on within a block of a file, so the
    line is the number of lines in the file's earlier blocks plus the place in its own. Reads the files once more.
    """
    blocks = (
        _text(spark, uris).groupBy("path", "block").agg(F.min("position").alias("first"), F.count("*").alias("size"))
    )
    before = Window.partitionBy("path").orderBy("block").rowsBetween(Window.unboundedPreceding, -1)
    starts = blocks.select("path", "block", "first", F.coalesce(F.sum("size").over(before), F.lit(0)).alias("start"))
    line = F.col("start") + F.col("position") - F.col("first") + 1
    return rows.join(F.broadcast(starts), on=["path", "block"], how="inner").withColumn("line", line)


def _our_columns(names: list[str], mapping: Mapping, prefix: str, schema: T.StructType | None = None) -> list[Column]:
    return [
        _our_column(column, origin, prefix, schema).alias(column) for column, origin in mapping.origins(names).items()
    ]


def _our_column(column: str, origin: Origin, prefix: str, schema: T.StructType | None) -> Column:
    if origin.column is None:
        return F.lit(origin.constant).cast("string")
    value = F.col(f"{prefix}`{origin.column}`")
    is_real = schema is not None and isinstance(schema[origin.column].dataType, T.DoubleType | T.FloatType)
    if column.endswith("_id") and is_real:
        value = value.cast("long")  # 13085.0, a number column with gaps, is customer 13085
    text = F.trim(value.cast("string"))
    return F.regexp_replace(text, NUMBER_ID, "$1") if origin.number_id else text
