"""Made-up shop events in the REES46 format, calibrated on October 2019, with planted behaviour: docs/generator.md."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shoplab.core.errors import LabError
from shoplab.events.generator.calendar import DAY, Month, parse_month
from shoplab.events.generator.events import make_rows
from shoplab.events.generator.output import Renderer, check_target, write_days, write_truth
from shoplab.events.generator.products import Catalogue, make_catalogue
from shoplab.events.generator.profiles import Ints
from shoplab.events.generator.users import Users, make_users

MAX_EVENTS = 100_000_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class GeneratedMonth:
    """What was written. seconds: wall clock."""

    path: Path
    month: str
    rows: int
    users: int
    sessions: int
    seconds: float


@dataclass
class _Drawn:
    """All rows of a month, by day, still in user order; and every user's profile."""

    days: list[list[NDArray[np.void]]]
    user_ids: list[Ints]
    profiles: list[Ints]
    rows: int = 0
    sessions: int = 0


def generate(
    path: Path, month: str, events: int, seed: int = 42, truth: Path | None = None, progress: Progress | None = None
) -> GeneratedMonth:
    """Writes exactly `events` events of a month, sorted by time; the same arguments give the same bytes.

    path: ends in .csv, .csv.gz or .parquet. truth: where to write each user's planted profile (.csv or .parquet).
    progress: gets (work done, work in all), in events drawn and written. Files appear whole or not at all.
    """
    began = time.monotonic()
    calendar_month = parse_month(month)
    _check(path, events, seed, truth)
    report = _Report(progress, 2 * events)
    catalogue = make_catalogue(calendar_month)
    drawn = _draw(catalogue, calendar_month, events, seed, report)
    user_ids = np.concatenate(drawn.user_ids)
    if truth:
        _whole(truth, lambda partial: write_truth(partial, user_ids, np.concatenate(drawn.profiles), truth.suffix))
    renderer = Renderer(catalogue, calendar_month, seed)
    _whole(path, lambda partial: write_days(partial, path.suffix, renderer, drawn.days, report.add))
    return GeneratedMonth(path, month, drawn.rows, len(user_ids), drawn.sessions, time.monotonic() - began)


def _check(path: Path, events: int, seed: int, truth: Path | None) -> None:
    if not 1 <= events <= MAX_EVENTS:
        raise LabError(
            f"cannot make {events:,} events; ask for --events 1 to {MAX_EVENTS:,}, for example --events 1000000"
        )
    if not 0 <= seed < 2**32:
        raise LabError(f"not a seed: {seed}; give --seed 0 to {2**32 - 1}")
    check_target(path, events)
    if truth:
        check_target(truth, 0)
        if truth.suffix == ".gz" or truth.absolute() == path.absolute():
            raise LabError(f"cannot write the truth to {truth}; name another file that ends in .csv or .parquet")


class _Report:
    """Adds up work done for a progress callback."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def add(self, amount: int) -> None:
        self.done += amount
        if self.progress:
            self.progress(self.done, self.total)


def _draw(catalogue: Catalogue, month: Month, events: int, seed: int, report: _Report) -> _Drawn:
    """Fills the month block by block until it has the events. The last user's month may be cut short."""
    drawn = _Drawn([[] for _ in range(month.days)], [], [])
    block = 0
    while drawn.rows < events:
        users = make_users(catalogue, month, seed, block)
        rows = make_rows(users, catalogue, month, np.random.default_rng([seed, 3, month.ordinal, block]))
        rows = rows[: events - drawn.rows]
        _keep(drawn, users, rows)
        report.add(len(rows))
        block += 1
    return drawn


def _keep(drawn: _Drawn, users: Users, rows: NDArray[np.void]) -> None:
    users_so_far = int(np.flatnonzero(users.user_id == rows["user"][-1])[0]) + 1
    drawn.user_ids.append(users.user_id[:users_so_far])
    drawn.profiles.append(users.profile[:users_so_far])
    drawn.rows += len(rows)
    sessions = int(rows["session"][-1]) + 1
    rows["session"] += drawn.sessions
    drawn.sessions += sessions
    rows = rows[np.argsort(rows["time"], kind="stable")]
    cuts = np.searchsorted(rows["time"], np.arange(1, len(drawn.days)) * DAY)
    for day, part in zip(drawn.days, np.split(rows, cuts), strict=True):
        day.append(part)


def _whole(path: Path, write: Callable[[Path], None]) -> None:
    """Writes beside the target and renames: nobody sees half a file."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        partial.replace(path)
    except OSError as error:
        raise LabError(
            f"cannot write {path}: {error.strerror or error}; free space there or name another --out"
        ) from None
    finally:
        partial.unlink(missing_ok=True)
