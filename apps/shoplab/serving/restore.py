"""What the API remembers after a start: the newest stored events, and from which offsets the topic goes on."""

from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shoplab.core.catalog import Catalog
from shoplab.serving.recent import KINDS, LATEST

MOST_EVENTS = 1_000_000  # read back, the newest days first
_COLUMNS = ["event_time", "event_type", "product_id", "user_id", "user_session"]


class Memory(Protocol):
    def remember(self, user: str, session: str, product: str, kind: int, at: int) -> None: ...


def restore(catalog: Catalog, memory: Memory) -> dict[int, int]:
    """Partition -> the first offset that no batch of the stream has taken; {} where there is no account."""
    names = catalog.storage.names(catalog.path("live", "accounts"))
    if not names:
        return {}
    account = catalog.storage.read_json(catalog.path("live", "accounts", names[-1]))
    for table in reversed(list(_newest_days(catalog))):
        _remember(memory, table)
    return {int(partition): end for partition, (_, end) in account["offsets"].items()}


def _newest_days(catalog: Catalog) -> Iterator[pa.Table]:
    """The stream's files, the newest day first, until there are MOST_EVENTS."""
    read = 0
    for day in sorted(catalog.storage.names(catalog.path("events")), reverse=True):
        folder = catalog.path("events", day)
        for name in sorted(catalog.storage.names(folder), reverse=True):
            if name.startswith("stream-") and name.endswith(".parquet"):
                table = pq.read_table(pa.BufferReader(catalog.storage.read(f"{folder}/{name}")), columns=_COLUMNS)
                yield table
                read += len(table)
                if read >= MOST_EVENTS:
                    return


def _remember(memory: Memory, table: pa.Table) -> None:
    table = table.sort_by("event_time")
    times = pc.divide(table["event_time"].cast(pa.timestamp("us")).cast(pa.int64()), 1_000_000).to_pylist()
    texts = (table[name].to_pylist() for name in ("user_id", "user_session", "product_id", "event_type"))
    for at, user, session, product, name in zip(times, *texts, strict=True):
        if name in KINDS and 0 <= at < LATEST:
            memory.remember(user, session or "", product, KINDS[name], at)
