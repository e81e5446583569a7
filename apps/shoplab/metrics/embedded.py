"""The embedded metric store: one SQLite file, for one writer and several readers at a time."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock

import orjson

from shoplab.core.errors import ServiceError
from shoplab.metrics.point import EPOCH, MICROSECOND, Point, check_name, micros, newest, numbers_as_floats

_TABLE = """
CREATE TABLE IF NOT EXISTS points (
  measurement TEXT NOT NULL, time INTEGER NOT NULL, tags TEXT NOT NULL, fields TEXT NOT NULL,
  PRIMARY KEY (measurement, time, tags)
) WITHOUT ROWID
"""
_WRITE = """
INSERT INTO points (measurement, time, tags, fields) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET fields = json_patch(fields, excluded.fields)
"""


class EmbeddedStore:
    """A `MetricStore` in a file. time: microseconds since 1970 UTC; tags, fields: JSON with sorted keys."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._open: sqlite3.Connection | None = None

    def write(self, points: Sequence[Point]) -> None:
        rows = [
            (point.measurement, micros(point.time), _json(point.tags), _json(numbers_as_floats(point.fields)))
            for point in points
        ]
        with self._connection() as connection:
            connection.executemany(_WRITE, rows)

    def query(
        self,
        measurement: str,
        since: datetime | None = None,
        until: datetime | None = None,
        tags: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> list[Point]:
        values: list[str | int] = [measurement]
        conditions = ["measurement = ?"]
        for bound, moment in (("time >= ?", since), ("time < ?", until)):
            if moment is not None:
                conditions.append(bound)
                values.append(micros(moment))
        for tag, value in (tags or {}).items():
            conditions.append("json_extract(tags, ?) = ?")
            values += [f"$.{check_name(tag)}", value]
        select = f"SELECT time, tags, fields FROM points WHERE {' AND '.join(conditions)} ORDER BY time DESC, tags DESC"
        with self._connection() as connection:
            rows = connection.execute(f"{select} LIMIT ?", [*values, -1 if limit is None else limit]).fetchall()
        return newest((_point(measurement, *row) for row in rows), limit)

    def ping(self) -> None:
        with self._connection() as connection:
            connection.execute("SELECT 1 FROM points LIMIT 1").fetchone()

    def close(self) -> None:
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """The store's one connection, in a transaction: readers in other processes go on meanwhile (WAL)."""
        with self._lock:
            try:
                self._open = self._open or self._connect()
                with self._open:
                    yield self._open
            except (sqlite3.DatabaseError, OSError) as error:
                raise ServiceError(
                    f"the metric store {self.path} cannot be used: {error}; free the disk or move the file away"
                ) from error

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch(0o600)  # SQLite gives its further files the same mode
        connection = sqlite3.connect(self.path, timeout=30, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(_TABLE)
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection


def _json(value: Mapping[str, object]) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _point(measurement: str, time: int, tags: str, fields: str) -> Point:
    return Point(measurement, orjson.loads(tags), orjson.loads(fields), EPOCH + time * MICROSECOND)
