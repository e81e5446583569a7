"""The ingest job: one file -> raw copy, clean events by date, rejected rows; run twice, it adds nothing twice."""

import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from shoplab.core.catalog import holding
from shoplab.core.console import Say
from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog, fit_shuffles, struct
from shoplab.core.schemas import EVENT
from shoplab.events import clean, rows_spark
from shoplab.events.accounts import IngestSummary, manifest, origin, raw_name
from shoplab.events.bad_rows import MOST_BAD, count_rows, refuse_bad_file, write_rejected
from shoplab.events.sources import SourceFile
from shoplab.events.store import add_new

# Free disk needed per byte of input: the raw copy, the staged rows, the Parquet, and Spark's shuffle of them.
_SPACE, _PACKED_SPACE = 4.0, 14.0
_PACKS = 4  # how much smaller a CSV becomes as Parquet
_SPARE = 256 << 20
_MORE = ", or allow more with --max-rejected"


@holding
def ingest(
    catalog: SparkCatalog, source: SourceFile, max_rejected: float = MOST_BAD, say: Say = lambda _: None
) -> IngestSummary:
    """Takes one file in. Refuses it, leaving nothing behind, when more than `max_rejected` of its rows are bad."""
    started = time.monotonic()
    check_space(catalog.settings.home, source)
    fit_shuffles(catalog.spark, source.size if source.packed else source.size // _PACKS)
    work = catalog.temp("ingest")
    try:
        uris = _upload(catalog, source, work, say)
        say("cleaning")
        checked = clean.typed(
            rows_spark.read_staged(catalog.spark, uris, source), source.mapping, catalog.settings.days
        )
        staged = _staged(catalog, source, checked, max_rejected, f"{work}/events")
        folder = catalog.path("raw", f"month={staged.months[0]}")
        name = raw_name(catalog, folder, source)
        say(f"adding {staged.clean:,} events")
        summary = replace(staged, added=_add(catalog, f"{work}/events", staged.clean))
        if summary.rejected:
            write_rejected(catalog, name, checked.where("reason is not null"))
        if not catalog.storage.exists(f"{folder}/{name}"):
            catalog.storage.move(f"{work}/raw", f"{folder}/{name}")
        summary = replace(summary, seconds=round(time.monotonic() - started, 1))
        catalog.storage.write_json(manifest(folder, name), asdict(summary) | origin(source))
        return summary
    finally:
        catalog.storage.delete(work)


def check_space(home: Path, source: SourceFile) -> None:
    """LabError where the disk would run full half way."""
    needed = int(source.size * (_PACKED_SPACE if source.packed else _SPACE)) + _SPARE
    free = shutil.disk_usage(_existing(home)).free
    if free < needed:
        raise LabError(
            f"the disk is nearly full: {source.path.name} needs about {needed >> 20:,} MB free at {home},"
            f" there are {free >> 20:,} MB"
        )


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _upload(catalog: SparkCatalog, source: SourceFile, work: str, say: Say) -> list[str]:
    """The file as it is and its rows, staged under names of ours, to HDFS; uploads run beside the reading. Returns what
    Spark is to read.
    """
    uris, rows, started = [], 0, time.monotonic()
    (catalog.settings.home / "tmp").mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="ingest-", dir=catalog.settings.home / "tmp") as folder,
        ThreadPoolExecutor(1) as uploader,
    ):
        uploads = [uploader.submit(catalog.storage.upload, source.path, f"{work}/raw")]
        for path, held in rows_spark.staged(source, Path(folder)):
            uploads.append(uploader.submit(_move, catalog, path, f"{work}/rows/{path.name}"))
            uris.append(f"{catalog.settings.hdfs}{work}/rows/{path.name}")
            rows += held
            say(_pace(rows, source.lines, time.monotonic() - started))
        for upload in uploads:
            upload.result()
    if not uris:
        refuse_bad_file(source.path, 0, {})
    return uris


def _move(catalog: SparkCatalog, here: Path, there: str) -> None:
    catalog.storage.upload(here, there)
    here.unlink()


def _pace(rows: int, all_rows: int, seconds: float) -> str:
    left = max(all_rows - rows, 0) * seconds / rows
    return f"{rows:,} rows read, {rows / max(seconds, 0.001):,.0f} rows/s, {left:,.0f} s left"


def _staged(
    catalog: SparkCatalog, source: SourceFile, checked: DataFrame, max_rejected: float, staged: str
) -> IngestSummary:
    """Stages the file's events, each once, and counts its rows; `added` is still to be known."""
    counts = _stage_first(catalog, checked, staged, source.gives("user_session"))
    reasons = count_rows(checked)[1] if counts["rejected"] else {}
    refuse_bad_file(source.path, counts["rows"], reasons, max_rejected, _MORE)
    if counts["left"]:
        _stage(catalog, clean.fill_sessions(clean.without_session(clean.good(checked))), staged)
    distinct = _read(catalog, staged)
    by_month = {row[0]: row[1] for row in distinct.groupBy(F.date_format("date", "yyyy-MM")).count().collect()}
    total = sum(by_month.values())
    return IngestSummary(
        source.path.name, counts["rows"], total, counts["rows"] - counts["rejected"] - total, counts["rejected"],
        0, counts["no_session"], sorted(by_month), reasons, source.remarks,
    )  # fmt: skip


def _read(catalog: SparkCatalog, staged: str) -> DataFrame:
    return catalog.spark.read.schema(struct(EVENT)).parquet(catalog.settings.hdfs + staged)


def _stage_first(catalog: SparkCatalog, checked: DataFrame, staged: str, has_sessions: bool) -> dict[str, int]:
    """Stages the good events that have a session, or fills all where the file has none; and counts on the way: rows,
    rejected, no_session, and left, those without a session that are still to be staged.
    """
    counted = Observation()
    good = F.col("reason").isNull()
    # What is observed is computed whole: without the rows' own text, which only the rejected keep
    observed = checked.select("reason", *EVENT.names).observe(
        counted,
        F.count("*").alias("rows"),
        F.count_if(~good).alias("rejected"),
        F.count_if(good & F.col("user_session").isNull()).alias("no_session"),
    )
    events = clean.good(observed)
    _stage(catalog, clean.with_session(events) if has_sessions else clean.fill_sessions(events), staged)
    counts = dict(counted.get)
    return counts | {"left": counts["no_session"] if has_sessions else 0}


def _stage(catalog: SparkCatalog, events: DataFrame, staged: str) -> None:
    """One file a day, in time order, without exact duplicates."""
    by_day = events.repartition("date").distinct().sortWithinPartitions("date", "event_time")
    by_day.write.mode("append").partitionBy("date").parquet(catalog.settings.hdfs + staged)


def _add(catalog: SparkCatalog, staged: str, total: int) -> int:
    """Puts staged events among the stored ones; days that are new are moved as they are. Returns how many were new."""
    days = [name.split("=", 1)[1] for name in catalog.storage.names(staged) if name.startswith("date=")]
    if set(days) & set(catalog.partitions("events")):
        return add_new(catalog, _read(catalog, staged), min(days), max(days))
    catalog.adopt("events", staged)
    return total
