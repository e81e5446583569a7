"""The ingest job: one file -> raw copy, clean events by date, rejected rows; run twice, it adds nothing twice."""

import shutil
import time
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from shoplab.catalog import Catalog
from shoplab.console import Say
from shoplab.errors import LabError
from shoplab.ingest import clean, rows
from shoplab.ingest.mapping import Mapping
from shoplab.ingest.sources import Source, inspect, members
from shoplab.schemas import EVENT

# Free disk needed per byte of input: the raw copy, the Parquet, and Spark's shuffle of the unpacked text.
_SPACE = {"csv": 2.5, "gz": 8.0, "zip": 14.0, "parquet": 4.0}
_SPARE = 256 << 20


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
    catalog: Catalog, path: Path, mapping: Mapping, max_rejected: float = 0.5, say: Say = lambda _: None
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


def check_space(home: Path, source: Source) -> None:
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


def _upload(catalog: Catalog, source: Source, work: str) -> list[str]:
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
    catalog: Catalog, source: Source, uris: list[str], mapping: Mapping, max_rejected: float, work: str
) -> IngestSummary:
    if source.kind == "parquet":
        read = rows.read_parquet(catalog.spark, uris, source.names, mapping)
    else:
        read = rows.read_lines(catalog.spark, uris, source.names, source.header, mapping)
    checked = clean.typed(read, mapping)
    seen = Observation()
    is_good = F.col("reason").isNull()
    observed = checked.observe(
        seen,
        F.count("*").alias("rows"),
        F.count_if(~is_good).alias("rejected"),
        F.count_if(is_good & F.col("user_session").isNull()).alias("no_session"),
    )
    staged = f"{work}/events"
    with_ids = mapping.gives("user_session", source.names)
    good = clean.good(observed)
    _stage(catalog, good.where("user_session is not null") if with_ids else clean.fill_sessions(good), staged)
    counts = seen.get
    reasons = _reasons(checked) if counts["rejected"] else {}
    _refuse_bad_file(source, counts, reasons, max_rejected)
    if with_ids and counts["no_session"]:
        _stage(catalog, clean.fill_sessions(clean.good(checked).where("user_session is null")), staged)
    distinct = catalog.spark.read.schema(EVENT).parquet(catalog.settings.hdfs + staged)
    month = F.date_format("date", "yyyy-MM")
    by_month = {row[0]: row[1] for row in distinct.groupBy(month).count().collect()}
    total = sum(by_month.values())
    added = _add_new(catalog, distinct, staged, total)
    if counts["rejected"]:
        _write_rejected(catalog, source, checked.where(~is_good), uris)
    return IngestSummary(
        source.path.name, counts["rows"], total, counts["rows"] - counts["rejected"] - total, counts["rejected"],
        added, counts["no_session"], sorted(by_month), reasons,
    )  # fmt: skip


def _stage(catalog: Catalog, events: DataFrame, staged: str) -> None:
    """One file a day, in time order, without exact duplicates."""
    by_day = events.repartition("date").distinct().sortWithinPartitions("date", "event_time")
    by_day.write.mode("append").partitionBy("date").parquet(catalog.settings.hdfs + staged)


def _reasons(checked: DataFrame) -> dict[str, int]:
    counted = checked.where("reason is not null").groupBy("reason").count().sort(F.desc("count"), "reason")
    return {row["reason"]: row["count"] for row in counted.collect()}


def _refuse_bad_file(source: Source, counts: dict[str, int], reasons: dict[str, int], max_rejected: float) -> None:
    if not counts["rows"]:
        raise LabError(f"{source.path} has no rows, only a header")
    share = counts["rejected"] / counts["rows"]
    if share > max_rejected or counts["rejected"] == counts["rows"]:
        most = ", ".join(f"{reason} ({number:,})" for reason, number in list(reasons.items())[:3])
        raise LabError(
            f"{source.path} was not loaded: {counts['rejected']:,} of {counts['rows']:,} rows are bad: {most};"
            " mend the file, name its columns with --map, or allow more with --max-rejected"
        )


def _add_new(catalog: Catalog, distinct: DataFrame, staged: str, total: int) -> int:
    """Puts staged events among the stored ones, leaving out those already there. Returns how many were new."""
    days = [name.split("=", 1)[1] for name in catalog.storage.names(staged) if name.startswith("date=")]
    common = sorted(set(days) & set(catalog.partitions("events")))
    if not common:
        catalog.adopt("events", staged)
        return total
    known = catalog.read("events").where(F.col("date").cast("string").isin(common)).select(*distinct.columns)
    new = catalog.stage(
        "events", distinct.subtract(known).repartition("date").sortWithinPartitions("event_time"), "date"
    )
    added = catalog.spark.read.schema(EVENT).parquet(catalog.settings.hdfs + new).count()
    catalog.adopt("events", new)
    return added


def _write_rejected(catalog: Catalog, source: Source, bad: DataFrame, uris: list[str]) -> None:
    numbered = bad if "line" in bad.columns else rows.number_lines(bad, catalog.spark, uris)
    table = numbered.select(F.lit(source.path.name).alias("file"), "line", "reason", "raw")
    catalog.replace("rejected", table.coalesce(1), "file")


def _raw_name(catalog: Catalog, folder: str, source: Source) -> str:
    """The file's own name, or with a part of its checksum where another file of that name is there: raw files never
    change.
    """
    manifest = f"{folder}/_ingest/{source.path.name}.json"
    if not catalog.storage.exists(manifest) or catalog.storage.read_json(manifest)["sha256"] == source.sha256:
        return source.path.name
    return f"{source.sha256[:8]}-{source.path.name}"
