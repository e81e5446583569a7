"""What the published tables say of each user: segment, RFM class, whether still a customer. As a folder of arrays."""

import random
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shoplab.core.catalog import Catalog, version_of
from shoplab.core.storage import Storage
from shoplab.recommend.fast import folder as files
from shoplab.recommend.fast.ids import Ids
from shoplab.serving.live import read_parquet

COLUMNS = ["user_id", "segment", "segment_name", "rfm_class"]
LIVE_COLUMNS = ["user_id", "segment", "segment_name"]
MOST_USERS = 200_000
_FACTS = "facts.json"


class Segment(NamedTuple):
    number: int
    name: str


class SegmentSize(NamedTuple):
    segment: int
    segment_name: str
    users: int
    share: float  # of all users of the table, 0 to 1


class Person(NamedTuple):
    """rfm_class: null for whom the table does not hold. p_alive: probability not to have left for good, null for who
    never bought."""

    rfm_class: str | None
    p_alive: float | None


class _Columns(NamedTuple):
    """Row i is of ids' row i; rfm: place among the facts' classes; alive: NaN for who never bought."""

    ids: Ids
    segments: NDArray[np.int16]
    rfm: NDArray[np.int16]
    alive: NDArray[np.float32]


class People:
    """Of one version of the segments, mapped from its folder."""

    def __init__(self, folder: Path) -> None:
        facts = orjson.loads((folder / _FACTS).read_bytes())
        self.version: str = facts["version"]
        self._names = {int(number): name for number, name in facts["names"].items()}
        self._classes: list[str] = facts["classes"]
        self._columns: _Columns = files.read(folder, _Columns)
        self._sizes = [SegmentSize(*size) for size in facts["sizes"]]

    def __len__(self) -> int:
        return len(self._columns.segments)

    def person(self, user_id: str) -> Person | None:
        """None for one that the table does not hold."""
        row = self._columns.ids.find(user_id)
        if row < 0:
            return None
        alive, rfm = float(self._columns.alive[row]), self._classes[self._columns.rfm[row]]
        return Person(rfm or None, None if np.isnan(alive) else round(alive, 4))

    def segment(self, user_id: str) -> Segment | None:
        row = self._columns.ids.find(user_id)
        if row < 0:
            return None
        number = int(self._columns.segments[row])
        return Segment(number, self._names[number])

    def sizes(self) -> list[SegmentSize]:
        """Every segment, by number."""
        return self._sizes

    def sample(self, count: int) -> list[str]:
        """Some users, the same ones every time."""
        rows = random.Random(0).sample(range(len(self)), min(count, len(self)))
        return [self._columns.ids.name(row) for row in rows]


def write_people(catalog: Catalog, source: str, folder: Path) -> None:
    """From the version's directory on HDFS."""
    table = _table(catalog.storage, source, COLUMNS)
    names = {row["segment"]: row["segment_name"] for row in
             table.group_by(["segment", "segment_name"]).aggregate([]).to_pylist()}  # fmt: skip
    rfm = pc.fill_null(table["rfm_class"], "").combine_chunks().dictionary_encode()
    counted = {entry["values"].as_py(): entry["counts"].as_py() for entry in pc.value_counts(table["segment"])}
    sizes = [(number, name, counted[number], counted[number] / len(table)) for number, name in sorted(names.items())]
    folder.mkdir(parents=True)
    columns = _Columns(
        Ids.of(table["user_id"].to_pylist()), table["segment"].to_numpy().astype(np.int16),
        rfm.indices.to_numpy().astype(np.int16), _alive(catalog, table["user_id"]),
    )  # fmt: skip
    files.write(folder, columns)
    facts = {"version": version_of(source), "names": {str(n): name for n, name in names.items()},
             "classes": rfm.dictionary.to_pylist(), "sizes": sizes}  # fmt: skip
    (folder / _FACTS).write_bytes(orjson.dumps(facts))


def _alive(catalog: Catalog, users: pa.ChunkedArray) -> NDArray[np.float32]:
    """Per user, NaN for who is not in the table of values, or where there is none."""
    pointer = catalog.path("value", "CURRENT")
    if not catalog.storage.exists(pointer):
        return np.full(len(users), np.nan, np.float32)
    known = _table(catalog.storage, catalog.current("value"), ["user_id", "p_alive"])
    place = pc.index_in(users.combine_chunks(), known["user_id"].combine_chunks())
    found: NDArray[np.float32] = (
        known["p_alive"].combine_chunks().cast(pa.float32()).take(place).to_numpy(zero_copy_only=False)
    )
    return found


def _table(storage: Storage, folder: str, columns: list[str]) -> pa.Table:
    paths = [path for path in storage.walk(folder) if path.endswith(".parquet")]
    return pa.concat_tables([read_parquet(storage, path, columns) for path in paths])


class LiveSegments:
    """The segments the stream gave the users it met last, at most `most_users` of them."""

    def __init__(self, most_users: int = MOST_USERS) -> None:
        self._most_users = most_users
        self._segments: OrderedDict[str, Segment] = OrderedDict()

    def __len__(self) -> int:
        return len(self._segments)

    def add(self, batch: pa.Table) -> None:
        """Takes a batch with SEGMENT's columns in."""
        for user, number, name in zip(*(batch[column].to_pylist() for column in LIVE_COLUMNS), strict=True):
            self._segments[user] = Segment(number, name)
            self._segments.move_to_end(user)
        while len(self._segments) > self._most_users:
            self._segments.popitem(last=False)

    def of(self, user_id: str) -> Segment | None:
        return self._segments.get(user_id)
