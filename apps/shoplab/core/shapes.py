"""What a setting's text must be: each returns the value, ValueError for another text."""

import datetime as dt
import re

from shoplab.core.listen import UNREACHABLE, UNREACHABLE_BY_SPARK


def port(value: str | int) -> int:
    """A TCP port from 1 to 65535."""
    number = int(value)
    if not 0 < number < 65536:
        raise ValueError
    return number


def own_port(value: str | int) -> int:
    """One of the ports that no browser opens."""
    number = int(value)
    if number not in (*UNREACHABLE, *UNREACHABLE_BY_SPARK):
        raise ValueError
    return number


def day(value: str) -> str:
    """A date such as 2019-10-01; empty where the setting has a default that moves."""
    return value and dt.date.fromisoformat(value).isoformat()


def interval(value: str) -> str:
    """A time such as 10s or 500ms, up to 30 s: a stream that has done nothing for a minute counts as stalled."""
    if not 0 < milliseconds(value) <= 30_000:
        raise ValueError
    return value


def milliseconds(value: str) -> int:
    """Of an interval. ValueError where it is none."""
    found = re.fullmatch(r"(\d{1,5})(ms|s)", value)
    if found is None:
        raise ValueError
    return int(found[1]) * {"ms": 1, "s": 1_000}[found[2]]
