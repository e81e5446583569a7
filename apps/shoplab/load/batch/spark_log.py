"""A Spark event log -> what its jobs did."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

_INTO = {
    "SparkListenerJobStart": "jobs", "SparkListenerStageCompleted": "stages", "SparkListenerTaskEnd": "tasks",
}  # fmt: skip


@dataclass
class SparkWork:
    """Of all applications of a folder. read, written: of files; shuffled: between stages."""

    jobs: int = 0
    stages: int = 0
    tasks: int = 0
    read_mib: float = 0.0
    written_mib: float = 0.0
    shuffled_mib: float = 0.0

    def since(self, before: "SparkWork") -> "SparkWork":
        """What was done after that."""
        return SparkWork(**{name: done - getattr(before, name) for name, done in asdict(self).items()})


def read_work(folder: Path) -> SparkWork:
    """So far: of an application that goes on, of the jobs that have ended."""
    work = SparkWork()
    for file in folder.rglob("events_*"):
        with file.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):  # the last one may be half written
                    _take(work, orjson.loads(line))
    return work


def _take(work: SparkWork, event: dict[str, Any]) -> None:
    kind = _INTO.get(event["Event"])
    if kind is None:
        return
    setattr(work, kind, getattr(work, kind) + 1)
    metrics = event.get("Task Metrics") or {}
    work.read_mib += metrics.get("Input Metrics", {}).get("Bytes Read", 0) / 2**20
    work.written_mib += metrics.get("Output Metrics", {}).get("Bytes Written", 0) / 2**20
    work.shuffled_mib += metrics.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0) / 2**20
