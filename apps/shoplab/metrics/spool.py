"""Points that wait on HDFS while the metric store is away, and go in, in order, when it is back."""

import logging
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.storage import Storage
from shoplab.metrics.point import Point, from_json, to_json
from shoplab.metrics.store import MetricStore

POINTS_A_FILE = 5_000
FILES_A_CALL = 200  # how much of a backlog one call takes in, so that no micro-batch waits long for it
MOST_FILES = 20_000  # over two days of a batch every 10 s
REJECTED = "rejected"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """Points that went in (of this call and the spool), files still waiting, files set aside in rejected/."""

    written: int
    waiting: int
    set_aside: int


def write_or_spool(
    store: MetricStore, storage: Storage, folder: str, points: Sequence[Point], most_files: int = MOST_FILES
) -> Outcome:
    """Writes what waits in the folder, oldest first, then the points; what the store cannot take now waits there.

    One writer per folder. Points the store refuses for good are set aside in `folder`/rejected and logged. ServiceError
    where HDFS is away too, or the spool is full: nothing was dropped, the caller does its batch again.
    """
    waiting = _waiting(storage, folder)
    written, left, set_aside = _drain(store, storage, folder, waiting)
    if not left:
        try:
            store.write(points)
            return Outcome(written + len(points), 0, set_aside)
        except ServiceError as error:
            log.warning("metrics wait in %s: %s", folder, error)
        except LabError as error:
            _set_aside(storage, folder, _name(waiting, 0), to_json(points), error)
            return Outcome(written, 0, set_aside + 1)
    chunks = [points[start : start + POINTS_A_FILE] for start in range(0, len(points), POINTS_A_FILE)]
    if len(left) + len(chunks) > most_files:
        raise ServiceError(
            f"the metric spool {folder} is full ({len(left)} files); start InfluxDB, then run this again"
        )
    for number, chunk in enumerate(chunks):
        storage.write(f"{folder}/{_name(waiting, number)}", to_json(chunk))
    return Outcome(written, len(left) + len(chunks), set_aside)


def waiting_points(storage: Storage, folder: str) -> Iterator[Point]:
    """What waits in the folder. A file that goes in meanwhile waits no longer."""
    for name in _waiting(storage, folder):
        try:
            data = storage.read(f"{folder}/{name}")
        except LabError:
            if storage.exists(f"{folder}/{name}"):
                raise
            continue
        yield from from_json(data)


def _waiting(storage: Storage, folder: str) -> list[str]:
    return [name for name in storage.names(folder) if name.endswith(".json")]


def _drain(store: MetricStore, storage: Storage, folder: str, waiting: list[str]) -> tuple[int, list[str], int]:
    """Points written, names still waiting, files set aside. Stops at the first sign that the store is away."""
    written = set_aside = 0
    for done, name in enumerate(waiting):
        if done == FILES_A_CALL:
            return written, waiting[done:], set_aside
        data = storage.read(f"{folder}/{name}")
        try:
            points = from_json(data)
            store.write(points)
            written += len(points)
        except ServiceError:
            return written, waiting[done:], set_aside
        except (LabError, ValueError) as error:
            _set_aside(storage, folder, name, data, error)
            set_aside += 1
        storage.delete(f"{folder}/{name}")
    return written, [], set_aside


def _set_aside(storage: Storage, folder: str, name: str, data: bytes, error: Exception) -> None:
    place = f"{folder}/{REJECTED}/{name}"
    storage.write(place, data)
    log.warning("metrics set aside in %s, the store will never take them: %s", place, error)


def _name(waiting: list[str], number: int) -> str:
    """Sorts after everything that waited at the start of the call."""
    last = int(waiting[-1].split("-")[0]) if waiting else 0
    return f"{last + 1 + number:010d}-{uuid.uuid4().hex[:8]}.json"
