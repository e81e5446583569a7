"""What a micro-batch leaves on HDFS: files named by the batch, which the batch overwrites when it is done again."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shoplab.core.catalog import Catalog
from shoplab.core.schemas import REJECTED
from shoplab.streaming.accounts import batch_name
from shoplab.streaming.events_file import AS_SPARK, events_name
from shoplab.streaming.state.state import Taken

_LIVE = ("live/users", "live/sessions", "live/segments")
_WRITERS = 4  # files at a time: HDFS takes some 10 ms for each, however small


class Publisher:
    """Writes a lab's live tables."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._pool = ThreadPoolExecutor(_WRITERS, "publish")

    def publish(
        self, batch: int, taken: Taken, segments: pa.Table, bad: pa.Table, beside: Callable[[], object]
    ) -> None:
        """Returns when all of it is there. beside: more to write meanwhile."""
        writes: list[Callable[[], object]] = [beside, *self._events(batch, taken.events)]
        tables = {"live/users": taken.users, "live/sessions": taken.sessions, "live/segments": segments}
        writes += [partial(self.write, name, batch, table) for name, table in tables.items() if len(table)]
        if len(bad):
            writes.append(partial(self.write_rejected, batch, bad))
        for written in [self._pool.submit(write) for write in writes]:
            written.result()

    def write(self, dataset: str, batch: int, table: pa.Table) -> None:
        """The batch's part of a live table."""
        self._write(self._catalog.path(dataset, batch_name(batch), "part-0.parquet"), table)

    def prune(self, keep: int) -> None:
        """Leaves the newest batches of the live tables."""
        for dataset in _LIVE:
            self._catalog.prune(dataset, keep)

    def _events(self, batch: int, events: pa.Table) -> Iterator[Callable[[], object]]:
        """A file for each day."""
        for day in pc.unique(events["date"]):
            yield partial(self.write_events, batch, str(day), events.filter(pc.equal(events["date"], day)))

    def write_events(self, batch: int, day: str, events: pa.Table) -> str:
        """The batch's new events of that day. Returns the file's path."""
        path = self._catalog.path("events", f"date={day}", events_name(batch))
        self._write(path, events.drop_columns("date").sort_by("event_time"))
        return path

    def delete_rejected(self, batch: int) -> None:
        self._catalog.storage.delete(self._rejected(batch))

    def clean(self, batch: int) -> None:
        """Deletes what an earlier attempt left of this batch: it may have taken other records, of other days."""
        for day in self._catalog.partitions("events"):
            self._catalog.storage.delete(self._catalog.path("events", f"date={day}", events_name(batch)))
        for dataset in _LIVE:
            self._catalog.storage.delete(self._catalog.path(dataset, batch_name(batch)))
        self.delete_rejected(batch)

    def write_rejected(self, batch: int, bad: pa.Table) -> None:
        """The records that are no events, at least one, with their partition before their text."""
        place = pc.binary_join_element_wise("kafka", bad["partition"].cast(pa.string()), "-")
        raw = pc.binary_join_element_wise(place, pc.fill_null(bad["raw"], ""), " ")
        table = pa.table({"line": bad["offset"], "reason": bad["reason"], "raw": raw})
        self._write(f"{self._rejected(batch)}/part-0.parquet", table.select([n for n in REJECTED.names if n != "file"]))

    def _rejected(self, batch: int) -> str:
        return self._catalog.path("rejected", f"file=kafka-{batch_name(batch)}")

    def _write(self, path: str, table: pa.Table) -> None:
        data = io.BytesIO()
        pq.write_table(table, data, **AS_SPARK)
        self._catalog.storage.write(path, data.getvalue())
