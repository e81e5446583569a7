"""The stream's state at hand: kept from batch to batch, read back after a restart, made from the stored events."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.core.catalog import Catalog
from shoplab.core.frames import SparkCatalog
from shoplab.streaming.records import hashed
from shoplab.streaming.state.files import StateFiles
from shoplab.streaming.state.levels import Levels
from shoplab.streaming.state.state import StreamState

STATE = ("temp", "stream-state")  # where it is kept
_ROWS = 1_000_000  # of stored events, taken up at a time

log = logging.getLogger(__name__)


class Memory:
    """The state of one lab's stream."""

    def __init__(self, catalog: Catalog) -> None:
        self._files = StateFiles(catalog.storage, catalog.path(*STATE))
        self._held: StreamState | None = None
        self._batch = -1  # after which the state is held

    @contextmanager
    def before(self, catalog: SparkCatalog, batch: int, levels: Levels) -> Iterator[StreamState]:
        """The state as the batch before left it. Where the block fails, it is read back for the next attempt."""
        self.ready(catalog, batch, levels)
        state, self._held = self._held, None
        assert state is not None
        yield state
        self._held, self._batch = state, batch

    def ready(self, catalog: SparkCatalog, batch: int, levels: Levels) -> None:
        """Holds the state for that batch."""
        if self._held is not None and self._batch == batch - 1:
            return
        self._held = None  # its memory is free before another takes its own
        state = self._files.restore(batch - 1)
        if state is None:
            state = from_stored(catalog, batch, levels)
            self._files.write_whole(batch - 1, state)
        self._held, self._batch = state, batch - 1

    def write(self, batch: int, state: StreamState) -> None:
        self._files.write(batch, state)
        self._files.forget()


def from_stored(catalog: SparkCatalog, batch: int, levels: Levels) -> StreamState:
    """From the events of the newest stored month, but for those that this batch and later ones have left."""
    state = StreamState()
    days = catalog.partitions("events")
    if not days:
        return state
    month = [day for day in days if day[:7] == days[-1][:7]]
    log.warning("the stream takes up the stored events of %s", days[-1][:7])
    for day in month:
        events = catalog.read_partitions("events", "date", [day])
        own = F.regexp_extract(F.col("_metadata.file_name"), r"stream-(\d+)\.parquet", 1)
        earlier = events.where((own == "") | (own.cast("long") < batch))
        for part in _parts(earlier):
            state.take(part.toArrow().sort_by([("event_time", "ascending"), ("user_id", "ascending")]), levels)
    return state


def _parts(events: DataFrame) -> Iterator[DataFrame]:
    """By users, so that no part is larger than the driver takes."""
    number = max(1, -(-events.count() // _ROWS))
    rows = hashed(events)
    return (rows.where(F.pmod("user_key", F.lit(number)) == part) for part in range(number))
