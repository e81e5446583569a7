"""The stream's memory on HDFS: after every batch what it changed, and a part of the whole in turn.

One file a batch. It holds the rows that the batch changed and some chunks of CHUNK rows as they are: as many as are
written of changes, at least one, so that what a batch writes follows the batch, and a restart reads about twice what is
in memory. `chunks` says which file holds the newest copy of each chunk; older files are deleted.
"""

import io
import itertools
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from shoplab.core.storage import Storage
from shoplab.streaming.state.keyed import Change, Keyed
from shoplab.streaming.state.state import StreamState, shape
from shoplab.streaming.state.words import Words

CHUNK = 1 << 15  # rows
FORMAT = 2  # of these files: a stream of other code, or of other columns, starts from the stored events
PART = 64 << 20  # bytes of a file of chunks alone
_NAME = re.compile(r"after=(-?\d+)\.npz(\.\d+)?")  # the second: a part of what was written whole

Arrays = dict[str, NDArray[Any]]
ChunkName = tuple[str, int]


class StateFiles:
    """Writes and reads a state below one folder."""

    def __init__(self, storage: Storage, folder: str) -> None:
        self._storage, self._folder = storage, folder
        self._copies: dict[ChunkName, int] = {}  # chunk -> batch whose file has its newest copy
        self._needed = 0  # the oldest file that the state before the newest one is read from
        self._turn: Iterator[ChunkName] = iter(())

    def write_whole(self, batch: int, state: StreamState) -> None:
        """Keeps a state that was not made by batches, in several files: the one that says so is the last."""
        self._copies = {chunk: batch for name, table in state.tables() for chunk in _chunks(name, table)}
        state.changes()
        arrays: Arrays = {}
        parts = 0
        for chunk in self._copies:
            arrays |= self._chunk(state, chunk)
            if sum(array.nbytes for array in arrays.values()) > PART:
                parts += 1
                self._write(f"{self._path(batch)}.{parts}", arrays)
                arrays = {}
        self._write(self._path(batch), arrays | {"about": self._about(state, parts)})

    def write(self, batch: int, state: StreamState) -> None:
        """Keeps what the batch left. The state before it can still be read: the batch may be done again."""
        self._needed = min([batch - 1, *self._copies.values()])
        arrays: Arrays = {}
        for name, change in state.changes().items():
            if len(change.places):
                arrays |= _named(f"log/{name}", change)
        held = {chunk for name, table in state.tables() for chunk in _chunks(name, table)}
        self._copies = {chunk: self._copies.get(chunk, batch - 1) for chunk in held}
        for chunk in self._next(sum(array.nbytes for array in arrays.values())):
            arrays |= self._chunk(state, chunk)
            self._copies[chunk] = batch
        self._write(self._path(batch), arrays | {"about": self._about(state, 0)})

    def forget(self) -> None:
        """Deletes the files that no restart needs."""
        for name in self._storage.names(self._folder):
            if (found := _NAME.fullmatch(name)) and int(found[1]) < self._needed:
                self._storage.delete(f"{self._folder}/{name}")

    def restore(self, batch: int) -> StreamState | None:
        """The state as that batch left it; None where it was not kept, or by other code."""
        names = map(_NAME.fullmatch, self._storage.names(self._folder))
        kept = sorted(int(found[1]) for found in names if found and not found[2])
        if batch not in kept:
            return None
        about = orjson.loads(self._read(self._path(batch))["about"].tobytes())
        if about["format"] != FORMAT or about["shape"] != shape():
            return None
        self._copies = {(name, number): copy for name, number, copy in about["chunks"]}
        state = StreamState()
        state.restore_words({name: Words(words) for name, words in about["words"].items()}, about["since"])
        first = min(self._copies.values(), default=batch)
        for number in (number for number in kept if first <= number <= batch):
            for arrays in self._parts(number):
                self._replay(state, number, arrays)
        state.reindex()
        return state

    def _replay(self, state: StreamState, batch: int, arrays: Arrays) -> None:
        """Takes the chunks of which this is the newest copy, and those changes that the newest copies lack."""
        for place in {name.rsplit("/", 1)[0] for name in arrays if "/" in name}:
            kind, name, *number = place.split("/")
            change = _change(arrays, place)
            if kind == "log":
                lacking = [chunk for (table, chunk), copy in self._copies.items() if table == name and copy < batch]
                state.table(name).restore(change.where(np.isin(change.places // CHUNK, lacking)))
            elif self._copies.get((name, int(number[0]))) == batch:
                state.table(name).restore(change)

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
        table = state.table(chunk[0])
        places = np.arange(chunk[1] * CHUNK, min((chunk[1] + 1) * CHUNK, len(table)))
        return _named(f"chunk/{chunk[0]}/{chunk[1]}", table.rows(places))

    def _about(self, state: StreamState, parts: int) -> NDArray[np.uint8]:
        said = {
            "format": FORMAT,
            "shape": shape(),
            "parts": parts,
            "chunks": [[*chunk, copy] for chunk, copy in self._copies.items()],
            "words": {name: words.all for name, words in state.words.items()},
            "since": state.users.since,
        }
        return np.frombuffer(orjson.dumps(said), np.uint8)

    def _path(self, batch: int) -> str:
        return f"{self._folder}/after={batch}.npz"

    def _parts(self, batch: int) -> Iterator[Arrays]:
        arrays = self._read(self._path(batch))
        yield arrays
        for part in range(orjson.loads(arrays["about"].tobytes())["parts"]):
            yield self._read(f"{self._path(batch)}.{part + 1}")

    def _write(self, path: str, arrays: Arrays) -> None:
        data = io.BytesIO()
        np.savez(data, **arrays)  # type: ignore[arg-type]
        self._storage.write(path, data.getvalue())

    def _read(self, path: str) -> Arrays:
        with np.load(io.BytesIO(self._storage.read(path))) as found:
            return dict(found)


_ROW_BYTES = 64  # about, of a row's columns


def _chunks(name: str, table: Keyed) -> Iterator[ChunkName]:
    return zip(itertools.repeat(name), range((len(table) + CHUNK - 1) // CHUNK))


def _named(place: str, change: Change) -> Arrays:
    columns = {f"{place}/={name}": values for name, values in change.columns.items()}
    return {f"{place}/places": change.places, f"{place}/keys": change.keys} | columns


def _change(arrays: Arrays, place: str) -> Change:
    mark = f"{place}/="
    columns = {name.removeprefix(mark): values for name, values in arrays.items() if name.startswith(mark)}
    return Change(arrays[f"{place}/places"], arrays[f"{place}/keys"], columns)
