"""The ingest job: one file -> raw copy, clean events by date, rejected rows; run twice, it adds nothing twice."""

import shutil
import time
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from shoplab.core.console import Say
from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog, struct
from shoplab.core.schemas import EVENT
from shoplab.events import clean, rows_spark
from shoplab.events.bad_rows import MOST_BAD, count_rows, refuse_bad_file, write_rejected
from shoplab.events.mapping import Mapping
from shoplab.events.sources import SourceFile, inspect, members
from shoplab.events.store import add_new

# Free disk needed per byte of input: the raw copy, the Parquet, and Spark's shuffle of the unpacked text.
_SPACE = {"csv": 2.5, "gz": 8.0, "zip": 14.0, "parquet": 4.0}
_SPARE = 256 << 20
_MORE = ", or allow more with --max-rejected"


@dataclass(frozen=True)
class IngestSummary:
    """rows = clean + duplicates + rejected. added: the clean rows that were not in the lab before."""

    file: str
    rows: int
    clean: int
    duplicates: int
    rejected: int
    added: int
    filled_sessions: int
    months: list[str]
    reasons: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def line(self) -> str:
        """The account of the rows, in one line."""
        text = (
            f"{self.file}: {self.rows:,} rows = {self.clean:,} clean + {self.duplicates:,} exact duplicates"
            f" + {self.rejected:,} rejected"
        )
        if self.added < self.clean:
            text += f"; {self.clean - self.added:,} were in the lab already, {self.added:,} added"
        if self.filled_sessions:
            text += f"; {self.filled_sessions:,} got a session by the 30-minute gap"
        if self.reasons:
            text += "; rejected: " + ", ".join(f"{reason} ({number:,})" for reason, number in self.reasons.items())
        return text


def ingest(
    catalog: SparkCatalog, path: Path, mapping: Mapping, max_rejected: float = MOST_BAD, say: Say = lambda _: None
) -> IngestSummary:
    """Takes one file in. Refuses it, leaving nothing behind, when more than `max_rejected` of its rows are bad."""
    started = time.monotonic()
    say(f"checking {path.name}")
    source = inspect(path, mapping)
    check_space(catalog.settings.home, source)
    work = catalog.temp("ingest")
    try:
        say(f"uploading {path.name} to HDFS")
        uris = _upload(catalog, source, work)
        say(f"cleaning {path.name}")
        summary = _clean(catalog, source, uris, mapping, max_rejected, work)
        folder = catalog.path("raw", f"month={summary.months[0]}")
        name = _raw_name(catalog, folder, source)
        if not catalog.storage.exists(f"{folder}/{name}"):
            catalog.storage.move(f"{work}/{path.name}", f"{folder}/{name}")
        summary = IngestSummary(**asdict(summary) | {"seconds": round(time.monotonic() - started, 1)})
        catalog.storage.write_json(f"{folder}/_ingest/{name}.json", asdict(summary) | {"sha256": source.sha256})
        return summary
    finally:
        catalog.storage.delete(work)


def check_space(home: Path, source: SourceFile) -> None:
    """LabError where the disk would run full half way."""
    needed = int(source.size * _SPACE[source.kind]) + _SPARE
    free = shutil.disk_usage(_existing(home)).free
    if free < needed:
        raise LabError(
            f"the disk is nearly full: {source.path.name} needs about {needed >> 20:,} MB free at {home},"
            f" there are {free >> 20:,} MB"
        )


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _upload(catalog: SparkCatalog, source: SourceFile, work: str) -> list[str]:
    """Copies the file as it is; a zip's members too, since Spark reads no zip. Returns what Spark is to read."""
    catalog.storage.upload(source.path, f"{work}/{source.path.name}")
    if source.kind != "zip":
        return [f"{catalog.settings.hdfs}{work}/{source.path.name}"]
    uris = []
    with zipfile.ZipFile(source.path) as archive:
        for number, name in enumerate(members(source.path)):
            with archive.open(name) as reader:
                target = f"{work}/members/{number:04}-{Path(name).name}"
                catalog.storage.upload_stream(reader, target)
            uris.append(catalog.settings.hdfs + target)
    return uris


def _clean(
    catalog: SparkCatalog, source: SourceFile, uris: list[str], mapping: Mapping, max_rejected: float, work: str
) -> IngestSummary:
    checked = clean.typed(rows_spark.read(catalog.spark, source, uris, mapping), mapping)
    staged = f"{work}/events"
    counts = _stage_first(catalog, checked, staged, mapping.gives("user_session", source.names))
    reasons = count_rows(checked)[1] if counts["rejected"] else {}
    refuse_bad_file(source.path, counts["rows"], reasons, max_rejected, _MORE)
    if counts["left"]:
        _stage(catalog, clean.fill_sessions(clean.without_session(clean.good(checked))), staged)
    distinct = catalog.spark.read.schema(struct(EVENT)).parquet(catalog.settings.hdfs + staged)
    by_month = {row[0]: row[1] for row in distinct.groupBy(F.date_format("date", "yyyy-MM")).count().collect()}
    total = sum(by_month.values())
    added = _add(catalog, distinct, staged, total)
    if counts["rejected"]:
        bad = checked.where("reason is not null")
        numbered = bad if "line" in bad.columns else rows_spark.number_lines(bad, catalog.spark, uris)
        write_rejected(catalog, source.path.name, numbered)
    return IngestSummary(
        source.path.name, counts["rows"], total, counts["rows"] - counts["rejected"] - total, counts["rejected"],
        added, counts["no_session"], sorted(by_month), reasons,
    )  # fmt: skip


def _stage_first(catalog: SparkCatalog, checked: DataFrame, staged: str, has_sessions: bool) -> dict[str, int]:
    """Stages the good events that have a session, or fills all where the file has none; and counts on the way: rows,
    rejected, no_session, and left, those without a session that are still to be staged.
    """
    counted = Observation()
    good = F.col("reason").isNull()
    observed = checked.observe(
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


def _add(catalog: SparkCatalog, distinct: DataFrame, staged: str, total: int) -> int:
    """Puts staged events among the stored ones; days that are new are moved as they are. Returns how many were new."""
    days = [name.split("=", 1)[1] for name in catalog.storage.names(staged) if name.startswith("date=")]
    if set(days) & set(catalog.partitions("events")):
        return add_new(catalog, distinct, min(days), max(days))
    catalog.adopt("events", staged)
    return total


def _raw_name(catalog: SparkCatalog, folder: str, source: SourceFile) -> str:
    """The file's own name, or with a part of its checksum where another file of that name is there: raw files never
    change.
    """
    manifest = f"{folder}/_ingest/{source.path.name}.json"
    if not catalog.storage.exists(manifest) or catalog.storage.read_json(manifest)["sha256"] == source.sha256:
        return source.path.name
    return f"{source.sha256[:8]}-{source.path.name}"
