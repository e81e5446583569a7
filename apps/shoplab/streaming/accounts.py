"""What the stream has taken from Kafka, batch by batch: its commit record. Written last, and the same however often a
batch is done.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from shoplab.core.catalog import Catalog

_BEFORE: dict[str, Any] = {
    "topic": "", "offsets": {}, "filled": 0, "late": 0, "dead": 0, "days": {}, "newest": "", "steps_ms": {},
    "points": "[]", "attempt": 1,
}  # fmt: skip  # of accounts of old

LATE = dt.timedelta(minutes=30)  # as long as a visit stays open
Offsets = dict[str, list[int]]  # partition -> first offset taken, first one after it


def batch_name(batch: int) -> str:
    """Name of a micro-batch; names sort as their numbers do."""
    return f"batch={batch:010}"


@dataclass(frozen=True)
class BatchAccount:
    """Grain: one micro-batch. rows = new + duplicates + rejected. topic: Kafka's id of it, another one when it is made
    anew. offsets: what was taken, of all its partitions. late: of the new ones, those of LATE before the newest event
    of earlier batches; newest: time of the newest up to this one. dead: of the rejected, those in the topic of dead
    letters. days: day -> events that were new. steps_ms: time of each step; duration_ms: of all, but for waiting until
    the batch before was done. latency: from Kafka's clock to the batch's end. points: JSON for the metric store.
    attempt: 1, and one more each time that a backfill changed the batch: then all that was counted is of that time, and
    what was measured of the first.
    """

    batch: int
    topic: str
    offsets: Offsets
    rows: int
    new: int
    duplicates: int
    rejected: int
    filled: int
    late: int
    users: int
    days: dict[str, int]
    newest: str
    arrived: str
    duration_ms: int
    latency_p50_ms: int
    latency_max_ms: int
    steps_ms: dict[str, int]
    points: str = "[]"
    dead: int = 0
    attempt: int = 1

    @property
    def ends(self) -> dict[str, int]:
        """Partition -> the first offset that no batch up to this one has taken."""
        return {partition: end for partition, (_, end) in self.offsets.items()}

    def line(self) -> str:
        dead = f" ({self.dead:,} dead letters)" if self.dead else ""
        return (
            f"batch {self.batch}: {self.rows:,} events = {self.new:,} new + {self.duplicates:,} duplicates"
            f" + {self.rejected:,} rejected{dead}; {self.users:,} users; {self.duration_ms / 1000:.1f} s,"
            f" latency {self.latency_p50_ms / 1000:.1f} s (max {self.latency_max_ms / 1000:.1f})"
        )


class Accounts:
    """Those of one lab, as one JSON file a batch."""

    def __init__(self, catalog: Catalog) -> None:
        self._storage, self._folder = catalog.storage, catalog.path("live", "accounts")

    def write(self, account: BatchAccount) -> None:
        self._storage.write_json(f"{self._folder}/{batch_name(account.batch)}.json", asdict(account))

    def newest(self) -> BatchAccount | None:
        return next(iter(self.last(1)), None)

    def last(self, count: int) -> list[BatchAccount]:
        """The newest ones, oldest first."""
        return list(map(self._read, self._storage.names(self._folder)[-count:]))

    def of(self, batch: int) -> BatchAccount:
        """LabError where the batch is not accounted for."""
        return self._read(f"{batch_name(batch)}.json")

    def all(self) -> Iterator[BatchAccount]:
        return map(self._read, self._storage.names(self._folder))

    def _read(self, name: str) -> BatchAccount:
        said = self._storage.read_json(f"{self._folder}/{name}")
        return BatchAccount(**{one.name: said.get(one.name, _BEFORE.get(one.name)) for one in fields(BatchAccount)})
