"""Times as text -> timestamps."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shoplab.recommend.compiled import compiled
from shoplab.streaming.hashes import bytes_of

_ZERO = np.int64(ord("0"))


def moments(texts: pa.StringArray) -> pa.TimestampArray:
    """Times in UTC, null for a day that the calendar does not have. texts: as `events.regular.GOOD_RECORD` has times,
    none null: "2019-10-01 23:59:59", with anything behind.
    """
    micros, is_there = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.bool_)
    _moments(*bytes_of(texts), micros, is_there)
    return pa.array(micros, pa.timestamp("us", "UTC"), mask=~is_there)


@compiled
def _number(text: NDArray[np.uint8], at: int, digits: int) -> np.int64:
    number = np.int64(0)
    for place in range(at, at + digits):
        number = 10 * number + np.int64(text[place]) - _ZERO
    return number


@compiled
def _days_of(year: np.int64, month: np.int64) -> int:
    """Of the month."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@compiled
def _day(year: np.int64, month: np.int64, day: np.int64) -> np.int64:
    """Since 1970 (days_from_civil: Hinnant, "chrono-Compatible Low-Level Date Algorithms")."""
    year -= month <= 2
    era = year // 400
    of_era = year - 400 * era
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return 146_097 * era + 365 * of_era + of_era // 4 - of_era // 100 + of_year - 719_468


@compiled
def _moments(
    text: NDArray[np.uint8], starts: NDArray[np.int32], micros: NDArray[np.int64], is_there: NDArray[np.bool_]
) -> None:
    for row in range(len(micros)):
        at = starts[row]
        year, month, day = _number(text, at, 4), _number(text, at + 5, 2), _number(text, at + 8, 2)
        hour, minute, second = _number(text, at + 11, 2), _number(text, at + 14, 2), _number(text, at + 17, 2)
        is_there[row] = day <= _days_of(year, month)
        micros[row] = 1_000_000 * (86_400 * _day(year, month, day) + 3_600 * hour + 60 * minute + second)
