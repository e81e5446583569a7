"""Event files in any layout that `./lab ingest` reads, by its own steps, on a Spark session that needs no lab."""

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplab.behaviour.products import products
from shoplab.console import Say
from shoplab.errors import LabError
from shoplab.ingest import clean, rows
from shoplab.ingest.mapping import Mapping
from shoplab.ingest.sources import Source, members
from shoplab.recommend.catalogue import Catalogue, Product
from shoplab.recommend.log import KINDS, Log, build_log
from shoplab.schemas import EVENT

MOST_BAD = 0.5  # share of bad rows from which a file is refused, as at ingest


@contextmanager
def readable(source: Source) -> Iterator[list[str]]:
    """What Spark is to read: the file, or a zip's members unpacked for as long."""
    if source.kind != "zip":
        yield [source.path.absolute().as_uri()]
        return
    with tempfile.TemporaryDirectory(prefix="shoplab-evaluate-") as folder, zipfile.ZipFile(source.path) as archive:
        targets = [Path(folder, f"{number:04}.csv") for number, _ in enumerate(members(source.path))]
        for name, target in zip(members(source.path), targets, strict=True):
            with archive.open(name) as packed, target.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
        yield [target.as_uri() for target in targets]


def checked_rows(spark: SparkSession, source: Source, uris: list[str], mapping: Mapping) -> DataFrame:
    """All rows, typed, with `reason` (null: good) and `place`, by which they stand as in the file."""
    if source.kind == "parquet":
        read = rows.read_parquet(spark, uris, source.names, mapping).withColumn("place", F.struct("line"))
    else:
        read = rows.read_lines(spark, uris, source.names, source.header, mapping)
        read = read.withColumn("place", F.struct("path", "block", "position"))
    return clean.typed(read, mapping)


def good_events(checked: DataFrame, with_sessions: bool) -> DataFrame:
    """EVENT's columns and `place`, exact duplicates once; events without a session get one by the 30-minute gap."""
    good = checked.where("reason is null")
    events = good.groupBy(*EVENT.names).agg(F.min("place").alias("place"))
    if not with_sessions:
        return clean.fill_sessions(events)
    without = clean.fill_sessions(events.where("user_session is null"))
    return events.where("user_session is not null").unionByName(without)


def refuse_bad(source: Source, checked: DataFrame, say: Say) -> None:
    """Says how many rows are left out; LabError where they are too many, or where there are none."""
    counted = {row["reason"]: row["count"] for row in checked.groupBy("reason").count().collect()}
    good, bad = counted.pop(None, 0), sum(counted.values())
    if not good + bad:
        raise LabError(f"{source.path} has no rows, only a header")
    most = ", ".join(f"{reason} ({counted[reason]:,})" for reason in sorted(counted, key=lambda r: -counted[r])[:3])
    if not good or bad > MOST_BAD * (good + bad):
        raise LabError(
            f"{source.path} was not read: {bad:,} of {good + bad:,} rows are bad: {most};"
            " mend the file, or name its columns with --map"
        )
    if bad:
        say(f"{source.path.name}: {bad:,} of {good + bad:,} rows left out: {most}")


def catalogue_of(events: DataFrame) -> Catalogue:
    """The products met, with category, brand and price as last seen."""
    return Catalogue.from_arrow(products(events).select(*Product._fields).toArrow())


def log_of(events: DataFrame, catalogue: Catalogue, by_user: bool) -> Log:
    """Views, carts and purchases; of one moment in the file's order.

    by_user: a session id that two users share is a visit of each, and names are "user session".
    """
    kept = events.where(F.col("event_type").isin(*KINDS)).sort("event_time", "place")
    name = F.concat_ws(" ", "user_id", "user_session") if by_user else F.col("user_session")
    kind = F.array_position(F.array(*map(F.lit, KINDS)), F.col("event_type")) - 1
    table = kept.select(
        "user_id", name.alias("name"), "product_id", kind.alias("kind"), F.unix_micros("event_time").alias("time")
    ).toArrow()
    users, names, items = (_objects(table, column) for column in ("user_id", "name", "product_id"))
    kinds, times = table["kind"].to_numpy().astype(np.int8), table["time"].to_numpy() / 1e6
    return build_log(catalogue, users, names, items, kinds, times)


def _objects(table: Any, column: str) -> Any:
    return table[column].to_numpy()
