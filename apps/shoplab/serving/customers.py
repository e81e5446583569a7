"""Which segment each customer is in: the published SEGMENT table, in memory."""

import random
from bisect import bisect_left
from collections import OrderedDict
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from shoplab.core.catalog import version_of
from shoplab.core.storage import Storage
from shoplab.serving.live import MOST_USERS, read_parquet

COLUMNS = ["user_id", "segment", "segment_name"]


class Segment(NamedTuple):
    number: int
    name: str


class SegmentSize(NamedTuple):
    segment: int
    segment_name: str
    users: int
    share: float  # of all users of the table, 0 to 1


class Customers:
    """Looks a customer's segment up. Kept as sorted Arrow columns: three million customers take about 75 MB."""

    def __init__(self, table: pa.Table, version: str) -> None:
        ordered = table.select(COLUMNS).sort_by("user_id").combine_chunks()
        self.version = version
        self._ids = _one_chunk(ordered["user_id"])
        self._segments = _one_chunk(ordered["segment"])
        self._names: dict[int, str] = {}
        for row in ordered.group_by(["segment", "segment_name"]).aggregate([]).to_pylist():
            self._names[row["segment"]] = row["segment_name"]

    def __len__(self) -> int:
        return len(self._ids)

    def segment(self, user_id: str) -> Segment | None:
        """None for a customer the table does not hold."""
        place = bisect_left(self._ids, user_id, key=lambda entry: entry.as_py())
        if place == len(self._ids) or self._ids[place].as_py() != user_id:
            return None
        number = self._segments[place].as_py()
        return Segment(number, self._names[number])

    def sizes(self) -> list[SegmentSize]:
        """Every segment, by number."""
        counted = {entry["values"].as_py(): entry["counts"].as_py() for entry in pc.value_counts(self._segments)}
        return [
            SegmentSize(number, name, counted[number], counted[number] / len(self))
            for number, name in sorted(self._names.items())
        ]

    def sample(self, count: int) -> list[str]:
        """Some customers, the same ones every time."""
        places = random.Random(0).sample(range(len(self)), min(count, len(self)))
        return [self._ids[place].as_py() for place in places]


class LiveSegments:
    """The segments the stream gave the users it met last, at most `most_users` of them."""

    def __init__(self, most_users: int = MOST_USERS) -> None:
        self._most_users = most_users
        self._segments: OrderedDict[str, Segment] = OrderedDict()

    def add(self, batch: pa.Table) -> None:
        """Takes a batch with SEGMENT's columns in."""
        for user, number, name in zip(*(batch[column].to_pylist() for column in COLUMNS), strict=True):
            self._segments[user] = Segment(number, name)
            self._segments.move_to_end(user)
        while len(self._segments) > self._most_users:
            self._segments.popitem(last=False)

    def of(self, user_id: str) -> Segment | None:
        return self._segments.get(user_id)


def load_customers(storage: Storage, folder: str) -> Customers:
    """The table in one version's directory (".../version=20191101T000000000")."""
    files = [path for path in storage.walk(folder) if path.endswith(".parquet")]
    table = pa.concat_tables([read_parquet(storage, path, COLUMNS) for path in files])
    return Customers(table, version_of(folder))


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
