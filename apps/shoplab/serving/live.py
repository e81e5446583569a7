"""What the stream recommended last, user by user."""

import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from threading import Lock
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from shoplab.core.schemas import RECOMMENDATION
from shoplab.core.storage import Storage
from shoplab.recommend.model.recommender import Recommendation

MOST_USERS = 200_000  # under 1 KB each with ten recommendations, 170 MB in all
BATCHES_AT_START = 200
COLUMNS = RECOMMENDATION.names
_LATER = {"sources": pa.map_(pa.string(), pa.float64())}  # columns that older files lack


class LiveRecommendations:
    """The newest recommendations of the users seen last, at most `most_users` of them. Safe for several threads."""

    def __init__(self, most_users: int = MOST_USERS) -> None:
        self._most_users = most_users
        self._packed: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._packed)

    def add(self, batch: pa.Table) -> None:
        """Takes a batch with schemas.RECOMMENDATION's columns in; its users' older recommendations go."""
        ordered = batch.select(COLUMNS).sort_by([("user_id", "ascending"), ("rank", "ascending")])
        columns = {name: ordered[name].to_pylist() for name in COLUMNS}
        columns["sources"] = [dict(parts or ()) for parts in columns["sources"]]
        rows = zip(*columns.values(), strict=True)
        packed = {user: _pack(row[2:] for row in items) for user, items in groupby(rows, itemgetter(0))}
        with self._lock:
            for user, items in packed.items():
                self._packed[user] = items
                self._packed.move_to_end(user)
            while len(self._packed) > self._most_users:
                self._packed.popitem(last=False)

    def of(self, user_id: str) -> list[Recommendation]:
        """Best first; empty for a user no recent batch has seen."""
        packed = self._packed.get(user_id)
        return [Recommendation(*row) for row in orjson.loads(zlib.decompress(packed))] if packed else []

    def newest_users(self, count: int) -> list[str]:
        with self._lock:
            return list(islice(reversed(self._packed), count))


def _pack(items: Iterable[Sequence[Any]]) -> bytes:
    """Reasons repeat themselves and scores need no 17 digits: about a quarter of the plain size."""
    return zlib.compress(orjson.dumps([[_short(value) for value in item] for item in items]), level=1)


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: round(part, 4) for name, part in value.items()}
    return round(value, 6) if isinstance(value, float) else value


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
    """These columns of a file; `sources` is null where the file is from before there was such a column."""
    file = pa.BufferReader(storage.read(path))
    lacking = set(columns) & set(_LATER) - set(pq.read_schema(file).names)
    table = pq.read_table(file, columns=[name for name in columns if name not in lacking])
    for name in lacking:
        table = table.append_column(name, pa.nulls(len(table), _LATER[name]))
    return table
