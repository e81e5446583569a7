"""The stream's memory on HDFS: after every batch what it changed, and a part of the rest in turn.

One file a batch. Of the tables that may change it holds the rows that the batch changed and some chunks of CHUNK rows
as they are: as many as are written of changes, at least one, so that what a batch writes follows the batch, and a
restart reads about twice what is in memory of them. `chunks` says which file holds the newest copy of each chunk. A
table that has settled has a file of its own, written once. Files that no restart needs are deleted.
"""

import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from shoplab.core.storage import Storage
from shoplab.streaming.state.arrays import Arrays, Content, from_bytes, to_bytes
from shoplab.streaming.state.keyed import Change, Keyed
from shoplab.streaming.state.settled import Packing, Settled
from shoplab.streaming.state.state import StreamState, shape
from shoplab.streaming.state.words import Words

CHUNK = 1 << 15  # rows
FORMAT = 3  # of these files: a stream of other code, or of other columns, starts from the stored events
PART = 64 << 20  # bytes of a file of chunks alone
_AHEAD = 3  # files that are read while another is taken up
_NAME = re.compile(r"after=(-?\d+)\.state(\.\d+)?")  # the second: a part of what was written whole
_OLD = re.compile(r"after=(-?\d+)\.npz.*")  # of FORMAT 2
_SETTLED = re.compile(r"settled=.*")

ChunkName = tuple[str, int]


class StateFiles:
    """Writes and reads a state below one folder."""

    def __init__(self, storage: Storage, folder: str) -> None:
        self._storage, self._folder = storage, folder
        self._copies: dict[ChunkName, int] = {}  # chunk -> batch whose file has its newest copy
        self._settled: dict[str, str] = {}  # settled table -> name of its file
        self._needed = 0  # the oldest file that the state before the newest one is read from
        self._needed_settled: set[str] = set()  # files of settled tables that either is read from
        self._turn: Iterator[ChunkName] = iter(())

    def write_whole(self, batch: int, state: StreamState) -> None:
        """Keeps a state that was not made by batches, in several files: the one that says so is the last."""
        self._copies = {chunk: batch for name, table in state.tables() for chunk in _chunks(name, table)}
        self._settled = {}
        self._write_settled(batch, state)
        state.changes()
        arrays: Arrays = {}
        parts = 0
        for chunk in self._copies:
            arrays |= self._chunk(state, chunk)
            if sum(array.nbytes for array in arrays.values()) > PART:
                parts += 1
                self._write(f"{state_file(batch)}.{parts}", arrays, {})
                arrays = {}
        self._write(state_file(batch), arrays, self._about(state, parts))

    def write(self, batch: int, state: StreamState) -> None:
        """Keeps what the batch left. The state before it can still be read: the batch may be done again."""
        self._needed = min([batch - 1, *self._copies.values()])
        self._write_settled(batch, state)
        arrays: Arrays = {}
        for name, change in state.changes().items():
            if len(change.places):
                arrays |= _named(f"log/{name}", change) | {f"log/{name}/places": change.places.astype(np.uint32)}
        held = {chunk for name, table in state.tables() for chunk in _chunks(name, table)}
        self._copies = {chunk: self._copies.get(chunk, batch - 1) for chunk in held}
        for chunk in self._next(sum(array.nbytes for array in arrays.values())):
            arrays |= self._chunk(state, chunk)
            self._copies[chunk] = batch
        self._write(state_file(batch), arrays, self._about(state, 0))

    def forget(self) -> None:
        """Deletes the files that no restart needs."""
        for name in self._storage.names(self._folder):
            numbered = _NAME.fullmatch(name) or _OLD.fullmatch(name)
            is_old = numbered is not None and int(numbered[1]) < self._needed
            if is_old or (_SETTLED.fullmatch(name) and name not in self._needed_settled):
                self._storage.delete(f"{self._folder}/{name}")

    def restore(self, batch: int) -> StreamState | None:
        """The state as that batch left it; None where it was not kept, or by other code, or a file of it is gone."""
        names = set(self._storage.names(self._folder))
        if state_file(batch) not in names:
            return None
        about = self._read(state_file(batch)).about
        if about["format"] != FORMAT or about["shape"] != shape():
            return None
        self._copies = {(name, number): copy for name, number, copy in about["chunks"]}
        self._settled = about["settled"]
        batches = range(min(self._copies.values(), default=batch), batch + 1)
        if not names.issuperset([*self._settled.values(), *map(state_file, self._copies.values())]):
            return None
        return self._restored(about, [number for number in batches if state_file(number) in names])

    def _restored(self, about: dict[str, Any], batches: list[int]) -> StreamState:
        """batches: whose files have its chunks and changes, in their order."""
        state = StreamState()
        state.words = {name: Words(words) for name, words in about["words"].items()}
        state.users.since = about["since"]
        with ThreadPoolExecutor(_AHEAD) as pool:
            settled = zip(self._settled, map(_as_settled, self._in_turn(pool, self._settled.values())), strict=True)
            tables = state.restore(about["rows"], dict(settled))
            self._replay(tables, pool, batches)
        for table in tables.values():
            table.reindex()
        return state

    def _replay(self, tables: dict[str, Keyed], pool: ThreadPoolExecutor, batches: list[int]) -> None:
        """Takes the chunks of which a file has the newest copy, and those changes that the newest copies lack."""
        for batch, content in zip(batches, self._in_turn(pool, map(state_file, batches)), strict=True):
            parts = [f"{state_file(batch)}.{part + 1}" for part in range(content.about["parts"])]
            for part in itertools.chain([content], self._in_turn(pool, parts)):
                for place, change in _changes(part.arrays):
                    self._take(tables, batch, place, change)

    def _take(self, tables: dict[str, Keyed], batch: int, place: str, change: Change) -> None:
        kind, name, *number = place.split("/")
        if kind == "chunk" and self._copies.get((name, int(number[0]))) == batch:
            places = change.places + int(number[0]) * CHUNK
            tables[name].restore(change._replace(places=places))
        elif kind == "log" and name in tables:
            copies = np.array([self._copies[chunk] for chunk in _chunks(name, tables[name])])
            tables[name].restore(change.where(copies[change.places // CHUNK] < batch))

    def _write_settled(self, batch: int, state: StreamState) -> None:
        """Those tables that are not kept yet."""
        settled = dict(state.settled())
        self._needed_settled = set(self._settled.values())
        self._settled = {name: file for name, file in self._settled.items() if name in settled}
        for name in settled.keys() - self._settled.keys():
            self._settled[name] = f"settled={name}.{batch}.state"
            packings = {column: list(packing) for column, packing in settled[name].packings.items()}
            self._write(self._settled[name], settled[name].arrays, {"packings": packings})
        self._needed_settled |= set(self._settled.values())

    def _next(self, bytes_changed: int) -> Iterator[ChunkName]:
        """Chunks in turn, for about as many bytes."""
        written = 0
        for _ in range(len(self._copies)):
            chunk = next(self._turn, None)
            if chunk is None:
                self._turn = iter(sorted(self._copies))
                chunk = next(self._turn)
            if chunk in self._copies:
                yield chunk
                written += CHUNK * _ROW_BYTES
                if written > bytes_changed:
                    return

    def _chunk(self, state: StreamState, chunk: ChunkName) -> Arrays:
        table = dict(state.tables())[chunk[0]]
        places = np.arange(chunk[1] * CHUNK, min((chunk[1] + 1) * CHUNK, len(table)))
        return _named(f"chunk/{chunk[0]}/{chunk[1]}", table.rows(places))

    def _about(self, state: StreamState, parts: int) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "shape": shape(),
            "parts": parts,
            "rows": {name: len(table) for name, table in state.tables()},
            "settled": self._settled,
            "chunks": [[*chunk, copy] for chunk, copy in self._copies.items()],
            "words": {name: words.all for name, words in state.words.items()},
            "since": state.users.since,
        }

    def _write(self, name: str, arrays: Arrays, about: dict[str, Any]) -> None:
        self._storage.write(f"{self._folder}/{name}", to_bytes(arrays, about))

    def _read(self, name: str) -> Content:
        return from_bytes(self._storage.read(f"{self._folder}/{name}"))

    def _in_turn(self, pool: ThreadPoolExecutor, names: Iterable[str]) -> Iterator[Content]:
        """What is in each of these files; some are read ahead."""
        reading: deque[Future[Content]] = deque()
        for name in names:
            reading.append(pool.submit(self._read, name))
            if len(reading) > _AHEAD:
                yield reading.popleft().result()
        while reading:
            yield reading.popleft().result()


_ROW_BYTES = 64  # about, of a row's columns


def state_file(batch: int) -> str:
    """Name of the file that says which others the state after that batch is read from."""
    return f"after={batch}.state"


def _chunks(name: str, table: Keyed) -> Iterator[ChunkName]:
    return zip(itertools.repeat(name), range((len(table) + CHUNK - 1) // CHUNK))


def _named(place: str, change: Change) -> Arrays:
    return {f"{place}/keys": change.keys} | {f"{place}/={name}": values for name, values in change.columns.items()}


def _changes(arrays: Arrays) -> Iterator[tuple[str, Change]]:
    """What was named so: of a chunk, places are counted from its first row."""
    named: dict[str, Arrays] = {}
    for name, values in arrays.items():
        place, _, column = name.rpartition("/")
        named.setdefault(place, {})[column] = values
    for place, columns in named.items():
        keys = columns.pop("keys")
        places = columns.pop("places", np.arange(len(keys))).astype(np.int64)
        yield place, Change(places, keys, {name.removeprefix("="): values for name, values in columns.items()})


def _as_settled(content: Content) -> Settled:
    packings = {name: Packing(*said) for name, said in content.about["packings"].items()}
    return Settled(content.arrays, packings)
