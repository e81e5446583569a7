"""The stream's batches below a folder on HDFS, as they come."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from shoplab.core.storage import Storage

BATCHES_AT_START = 200


class BatchFeed:
    """Finds the stream's new batch directories ("batch=0000000012") below a folder, oldest first."""

    def __init__(self, storage: Storage, folder: str, columns: list[str]) -> None:
        self._storage = storage
        self._folder = folder
        self._columns = columns
        self._seen: set[str] = set()
        self.newest: str | None = None

    def poll(self) -> Iterator[pa.Table]:
        """Tables of the batches that are new and whole; at the start, of the newest ones only.

        A directory that vanished and came back (the stream began anew) is new again. A batch that cannot be read
        raises, once: the next call goes on after it.
        """
        names = [name for name in self._storage.names(self._folder) if name.startswith("batch=")]
        if self.newest is None:
            self._seen.update(names[:-BATCHES_AT_START])
        self._seen.intersection_update(names)
        for name in names:
            if name not in self._seen and (files := self._files(f"{self._folder}/{name}")):
                self._seen.add(name)
                self.newest = name
                yield pa.concat_tables([read_parquet(self._storage, file, self._columns) for file in files])

    def _files(self, folder: str) -> list[str]:
        """Parquet files of a batch; none while Spark is still writing it."""
        names = self._storage.names(folder)
        if "_temporary" in names and "_SUCCESS" not in names:
            return []
        return [f"{folder}/{name}" for name in names if name.endswith(".parquet") and not name.startswith(("_", "."))]


def read_parquet(storage: Storage, path: str, columns: list[str]) -> pa.Table:
    return pq.read_table(pa.BufferReader(storage.read(path)), columns=columns)
