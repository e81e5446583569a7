"""A metric point: what was measured, when, under which few tags."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

Field = float | int | str
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Point:
    """Grain: one (measurement, tags, time), its identity: writing it again overwrites it and never adds a second one.

    Names are letters, digits and underscores. Tags have few values each (see docs/metrics.md), none of them empty.
    Fields are finite numbers or text; stores give every number back as a float. Time has a zone and is kept in UTC to
    the microsecond. Raises ValueError on anything else.
    """

    measurement: str
    tags: dict[str, str]
    fields: dict[str, Field]
    time: datetime

    def __post_init__(self) -> None:
        for name in (self.measurement, *self.tags, *self.fields):
            check_name(name)
        for tag, value in self.tags.items():
            if not value or not value.isprintable() or value.endswith("\\"):
                raise ValueError(f"tag {tag} of {self.measurement} has the value {value!r}: empty, or not plain text")
        if not self.fields:
            raise ValueError(f"a point of {self.measurement} has no fields")
        for field, number in self.fields.items():
            if isinstance(number, float) and not math.isfinite(number):
                raise ValueError(f"field {field} of {self.measurement} is {number}, not a finite number")
        if self.time.tzinfo is None:
            raise ValueError(f"a point of {self.measurement} has a time without a zone")
        object.__setattr__(self, "time", self.time.astimezone(UTC))


def check_name(name: str) -> str:
    """The name itself; ValueError where it is not one for a measurement, tag or field."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no metric name: 1 to 64 letters, digits and underscores, a letter first")
    return name


def numbers_as_floats(fields: dict[str, Field]) -> dict[str, float | str]:
    """Fields with one number type: InfluxDB refuses a float where an integer was written first."""
    return {name: value if isinstance(value, str) else float(value) for name, value in fields.items()}


def newest(points: Iterable[Point], limit: int | None) -> list[Point]:
    """Points by time, then tags; with a limit, the newest only."""
    ordered = sorted(points, key=lambda point: (point.time, sorted(point.tags.items())))
    return ordered if limit is None else ordered[max(0, len(ordered) - limit) :]


def to_json(points: Iterable[Point]) -> bytes:
    """Points as a JSON list, times in ISO 8601."""
    return orjson.dumps([vars(point) for point in points])


def from_json(data: bytes) -> list[Point]:
    """The inverse of `to_json`. ValueError on anything it did not write."""
    rows: list[dict[str, Any]] = orjson.loads(data)
    try:
        return [Point(**row | {"time": datetime.fromisoformat(row["time"])}) for row in rows]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a list of points: {error}") from error


def micros(moment: datetime) -> int:
    """Microseconds since 1970, to the last one."""
    return (moment - EPOCH) // MICROSECOND
