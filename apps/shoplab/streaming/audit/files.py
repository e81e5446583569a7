"""The stream's events on HDFS, file by file, against the accounts."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from shoplab.core.catalog import Catalog, holding
from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.events_file import EventsFile, events_file, rows_by_batch

Pieces = dict[tuple[int, str], int]  # (batch, day) -> its events


@dataclass
class Differences:
    """gone: pieces of which not as many events are stored as accounted for -> how many are. strays: files of the
    stream's events that belong to no finished batch, or whose batches another file has too. spoilt: merged files in
    which a piece is gone -> their pieces.
    """

    gone: Pieces = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)
    spoilt: dict[str, set[tuple[int, str]]] = field(default_factory=dict)


@holding
def differences(catalog: Catalog, accounts: Iterable[BatchAccount]) -> Differences:
    """Reads every file of the stream's events."""
    wanted = {(account.batch, day): events for account in accounts for day, events in account.days.items()}
    found, there, merged = Differences(), Pieces(), dict[str, set[tuple[int, str]]]()
    for path, file, day in _files(catalog):
        rows = rows_by_batch(file, pa.BufferReader(catalog.storage.read(path)))
        pieces = {(batch, day): number for batch, number in rows.items()}
        named = pieces.keys() or {piece for piece in wanted if piece[1] == day and file.first <= piece[0] <= file.last}
        if not named & wanted.keys() or named & there.keys():
            found.strays.append(path)
            continue
        there |= pieces or dict.fromkeys(named, 0)
        if file.is_merged:
            merged[path] = set(named)
    found.gone = {piece: there.get(piece, 0) for piece, events in wanted.items() if there.get(piece, 0) != events}
    found.spoilt = {path: pieces for path, pieces in merged.items() if pieces & found.gone.keys()}
    found.strays.sort()
    return found


def event_files(catalog: Catalog) -> dict[str, range]:
    """Path -> the batches whose events of a day are in that file, of all files that the stream has left."""
    return {path: range(file.first, file.last + 1) for path, file, _ in _files(catalog)}


def _files(catalog: Catalog) -> list[tuple[str, EventsFile, str]]:
    """Path, name and day; those of most batches first."""
    found = []
    for path in catalog.files("events"):
        folder, name = path.split("/")[-2:]
        if file := events_file(name):
            found.append((path, file, folder.partition("=")[2]))
    return sorted(found, key=lambda one: one[1].first - one[1].last)
