"""The stream's state at hand: kept from batch to batch, read back after a restart, made from the stored events."""

import logging
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog
from shoplab.core.schemas import EVENT
from shoplab.streaming.accounts import Accounts
from shoplab.streaming.events_file import events_file, rows_by_batch
from shoplab.streaming.records import event_key, hashed
from shoplab.streaming.state.files import StateFiles, state_file
from shoplab.streaming.state.levels import Levels
from shoplab.streaming.state.state import StreamState

STATE = ("temp", "stream-state")  # where it is kept
_ROWS = 1_000_000  # of stored events, taken up at a time

log = logging.getLogger(__name__)


class Early(NamedTuple):
    """A state that was read before it was known which one is wanted. file: HDFS's number and the bytes of that which
    says what it is read from.
    """

    batch: int
    file: tuple[int, int] | None
    state: StreamState | None


class Memory:
    """The state of one lab's stream."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._files = StateFiles(catalog.storage, catalog.path(*STATE))
        self._early: Future[Early] | None = None
        self._held: StreamState | None = None
        self._batch = -1  # after which the state is held

    def read_early(self) -> "Future[Early]":
        """Begins to read the state after the newest account in a thread, as Spark starts; `ready` waits for it."""
        pool = ThreadPoolExecutor(1, "memory")
        self._early = pool.submit(self._newest)
        pool.shutdown(wait=False)
        return self._early

    def _newest(self) -> Early:
        account = Accounts(self._catalog).newest()
        if account is None:
            return Early(-1, None, None)
        return Early(account.batch, self._file(account.batch), self._files.restore(account.batch))

    def _read_early(self, batch: int) -> StreamState | None:
        """What was read early, where it is as that batch left it and nobody has written or deleted it meanwhile."""
        early, self._early = self._early, None
        if early is None:
            return None
        try:
            found = early.result()
        except LabError:  # such as a file that another stream deleted meanwhile
            return None
        return found.state if found.batch == batch and found.file == self._file(batch) else None

    def _file(self, batch: int) -> tuple[int, int] | None:
        return self._catalog.storage.listed(self._catalog.path(*STATE)).get(state_file(batch))

    @contextmanager
    def before(self, catalog: SparkCatalog, batch: int, levels: Levels) -> Iterator[StreamState]:
        """The state as the batch before left it. Where the block fails, it is read back for the next attempt."""
        self.ready(catalog, batch, levels)
        state, self._held = self._held, None
        assert state is not None
        yield state
        self._held, self._batch = state, batch

    def skip(self, batch: int) -> None:
        """A batch without rows, such as Spark's first of a topic that is empty yet, leaves the state as it is."""
        if self._batch == batch - 1:
            self._batch = batch

    def ready(self, catalog: SparkCatalog, batch: int, levels: Levels) -> None:
        """Holds the state for that batch."""
        if self._held is not None and self._batch == batch - 1:
            return
        self._held = None  # its memory is free before another takes its own
        state = self._read_early(batch - 1) or self._files.restore(batch - 1)
        if state is None:
            state = from_stored(catalog, batch, levels)
            self._files.write_whole(batch - 1, state)
        self._held, self._batch = state, batch - 1

    def write(self, batch: int, state: StreamState) -> None:
        self._files.write(batch, state)
        self._files.forget()


def from_stored(catalog: SparkCatalog, batch: int, levels: Levels, months: Collection[str] = ()) -> StreamState:
    """From the events of the newest stored month, and of these, but for those that this batch and later ones have
    left.
    """
    state = StreamState()
    days = catalog.partitions("events")
    if not days:
        return state
    wanted = {days[-1][:7], *months}
    log.warning("the stream takes up the stored events of %s", " and ".join(sorted(wanted)))
    for day in [day for day in days if day[:7] in wanted]:
        events = catalog.read_partitions("events", "date", [day])
        for part in _parts(events.where(_is_earlier(catalog, day, batch))):
            rows = part.toArrow().sort_by([("event_time", "ascending"), ("user_id", "ascending")])
            state.take(rows, levels)
            state.know(rows["sent_key"].drop_null().to_numpy())
            state.changes()  # which are not wanted: it is written whole
    return state


def _is_earlier(catalog: SparkCatalog, day: str, batch: int) -> Column:
    """Of a stored row. A merged file has the rows of its batches one after another, and says how many."""
    name, row = F.col("_metadata.file_name"), F.col("_metadata.row_index")
    first = F.regexp_extract(name, r"^stream-(\d+)[-.]", 1)
    earlier = (first == "") | (first.cast("long") < batch)
    for path in catalog.files("events", f"date={day}"):
        file = events_file(path.rsplit("/", 1)[1])
        if file and file.first < batch <= file.last:
            rows = rows_by_batch(file, pa.BufferReader(catalog.storage.read(path)))
            before = sum(number for one, number in rows.items() if one < batch)
            earlier &= (name != file.name) | (row < before)
    return earlier


def _parts(events: DataFrame) -> Iterator[DataFrame]:
    """By users, so that no part is larger than the driver takes."""
    number = max(1, -(-events.count() // _ROWS))
    rows = hashed(events).withColumn("sent_key", _sent_key())
    return (rows.where(F.pmod("user_key", F.lit(number)) == part) for part in range(number))


def _sent_key() -> Column:
    """The key under which an event without a session comes again, where the stored one has been filled; else null."""
    was_filled = F.regexp_extract("user_session", r"^(.*)-\d{8}T\d{6}$", 1) == F.col("user_id")
    columns = [
        F.lit(None).cast("string") if name == "user_session" else F.col(name) for name in EVENT.names if name != "date"
    ]
    return F.when(was_filled, event_key(columns))
