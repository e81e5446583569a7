"""Measures the batch job step by step: on Spark, as people run it, and by one process without Spark beside it."""

import io
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from shoplab.core.catalog import Catalog
from shoplab.core.console import Say
from shoplab.core.errors import LabError
from shoplab.core.schemas import TABLES
from shoplab.core.settings import Settings
from shoplab.events.generator import generate
from shoplab.lab.embedded import process
from shoplab.lab.embedded.services import DRIVER
from shoplab.load.batch.digest import Digest, digest
from shoplab.load.batch.spark_log import SparkWork, read_work
from shoplab.load.processes import Command, tree
from shoplab.load.stream import TRIGGER, bench_lab

STEPS = ("ingest", "analyse", "segment", "train")
_REFERENCE = "shoplab.load.batch.reference"
_SLOWER = 1.1  # times an earlier file's: noise is up to this


@dataclass(frozen=True)
class Step:
    """seconds: from the command's start to its end, Java's and Spark's start included. cpu_s: of all its processes.
    jvm_mib, python_mib: peaks of resident memory; peak_mib: of all together. reference_s: the same by the reference.
    """

    seconds: float
    cpu_s: float
    peak_mib: float
    jvm_mib: float
    python_mib: float
    reference_s: float
    spark: SparkWork

    @property
    def ratio(self) -> float:
        return round(self.seconds / self.reference_s, 2)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio}


@dataclass(frozen=True)
class BatchFigures:
    """different: tables that the reference has otherwise, with what differs."""

    events: int
    steps: dict[str, Step]
    reference_peak_mib: float
    different: tuple[str, ...]

    def ratio(self, names: Sequence[str]) -> float:
        """Of these steps together."""
        found = [self.steps[name] for name in names]
        return round(sum(step.seconds for step in found) / sum(step.reference_s for step in found), 2)

    def as_json(self) -> dict[str, Any]:
        return {
            "events": self.events, **{f"ratio_{name}": self.steps[name].ratio for name in STEPS[:-1]},
            "ratio_without_training": self.ratio(STEPS[:-1]), "ratio_training": self.steps["train"].ratio,
            "seconds": round(sum(step.seconds for step in self.steps.values()), 1),
            "peak_mib": max(step.peak_mib for step in self.steps.values()),
            "reference_peak_mib": self.reference_peak_mib, "different": list(self.different),
            "steps": {name: step.as_json() for name, step in self.steps.items()},
        }  # fmt: skip


def measure(settings: Settings, events: int, say: Say) -> BatchFigures:
    """In an embedded lab of its own, with so many events of October."""
    with (
        tempfile.TemporaryDirectory() as log,
        bench_lab(replace(settings, spark_events=log), TRIGGER, say, settings.keep_spark_s) as own,
    ):
        file = own.home / "october.csv"
        say(f"making {events:,} events")
        generate(file, "2019-10", events)
        say("the reference")
        reference = _reference(own, file)
        steps = dict(_steps(own, file, reference["seconds"], say))
        say("comparing the tables")
        different = tuple(_differences(Catalog(own), reference["digests"]))
        return BatchFigures(events, steps, reference["peak_mib"], different)


def _steps(settings: Settings, file: Path, reference: dict[str, float], say: Say) -> Iterator[tuple[str, Step]]:
    before = SparkWork()
    for name in STEPS:
        say(name)
        words = [name, str(file)] if name == "ingest" else [name]
        with Command(settings, settings.home / f"{name}.log", *words, beside=lambda: _driver(settings)) as running:
            running.finish()
        done = read_work(Path(settings.spark_events))
        yield name, Step(running.seconds, running.cpu_s, running.peak_mib, running.peak_of("java"),
                         running.peak_of("python"), round(reference[name], 2), done.since(before))  # fmt: skip
        before = done


def _driver(settings: Settings) -> list[psutil.Process]:
    """The lab's own, and its Java."""
    kept = process.running(settings).get(DRIVER.name)
    return tree(kept.pid) if kept else []


def _reference(settings: Settings, file: Path) -> Any:
    """What the reference says of itself."""
    with tempfile.TemporaryDirectory(dir=settings.home) as folder:
        log = settings.home / "reference.log"
        with Command(settings, log, str(file), folder, module=_REFERENCE) as running:
            running.finish()
        return json.loads(log.read_text().splitlines()[-1])


def _differences(catalog: Catalog, theirs: dict[str, Any]) -> Iterator[str]:
    """Each of our tables that is another one."""
    for name, found in theirs.items():
        with tempfile.TemporaryDirectory() as folder:
            for number, path in enumerate(catalog.files(name)):
                _fetch(catalog, path, Path(folder) / f"{number}.parquet", name)
            mine = digest(duckdb.connect(), name, f"read_parquet('{folder}/*.parquet')")
        if said := mine.difference(Digest(**found)):
            yield f"{name}: {said}"


def _fetch(catalog: Catalog, path: str, file: Path, dataset: str) -> None:
    """A file of a table, with the partition's value as a column."""
    rows = pq.read_table(io.BytesIO(catalog.storage.read(path)))
    partition = TABLES[dataset].partition
    if partition and partition not in rows.column_names:
        value = path.partition(f"/{partition}=")[2].partition("/")[0]
        rows = rows.append_column(partition, pa.array([value] * len(rows), pa.string()))
    pq.write_table(rows, file)


def earlier_figures(file: Path, events: int) -> dict[str, float]:
    """Each step's seconds, of a file that the bench wrote. LabError for one that is none, or of other events."""
    try:
        before = json.loads(file.read_text(encoding="utf-8"))
        found, of = {name: float(step["seconds"]) for name, step in before["steps"].items()}, before["events"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise LabError(f"--compare {file} is no file of ./lab bench batch --json; name one") from None
    if of != events:
        raise LabError(f"--compare {file} is of {of:,} events; ask for as many: --events {of}")
    return found


def compared(figures: BatchFigures, before: dict[str, float]) -> Iterator[str]:
    """A sentence on each step that takes longer than before."""
    for name, earlier in before.items():
        if figures.steps[name].seconds > _SLOWER * earlier:
            yield f"{name} takes {figures.steps[name].seconds:.1f} s; it took {earlier:.1f} s"
