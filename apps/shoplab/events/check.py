"""What is wrong with one event, without Spark: the rules of `events.clean`, in their order."""

import datetime as dt
import math
import re
from collections.abc import Mapping

from shoplab.core.schemas import SOURCE_COLUMNS
from shoplab.core.vocabulary import NAMES, PURCHASE, REFUND
from shoplab.events.texts import has_exponent, identity, meant, trimmed
from shoplab.events.times import NUMBER, moment

_IDS = ("product_id", "user_id", "category_id", "user_session")
_TEXTS = (*_IDS, "category_code", "brand")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NUMBER = re.compile(NUMBER.replace("$", r"\Z"), re.ASCII)
_MOST = 1e12


def fault(event: Mapping[str, str], days: tuple[str, str]) -> str:
    """The first thing wrong with an event of SOURCE_COLUMNS as text, "" where there is nothing. days: the first and the
    last that it may be of.
    """
    said = {name: _meant(name, event.get(name, "")) for name in SOURCE_COLUMNS}
    at = moment(said["event_time"])
    checks = (
        _of_time(said["event_time"], at, days), _of_type(said["event_type"]),
        *(f"no {name}" for name in ("product_id", "user_id") if not said[name]),
        *(f"{name} has an exponent: digits are lost" for name in _IDS if has_exponent(said[name])),
        "a control character in it" if any(_CONTROL.search(said[name]) for name in _TEXTS) else "",
        _of_price(said["price"]), _of_quantity(said["quantity"], said["event_type"].lower()),
    )  # fmt: skip
    return next(filter(None, checks), "")


def _meant(name: str, text: str) -> str:
    if name in ("price", "quantity"):
        return trimmed(text)
    return identity(text) if name in _IDS else meant(text)


def _of_time(text: str, at: dt.datetime | None, days: tuple[str, str]) -> str:
    if not text:
        return "no event_time"
    if at is None:
        return "event_time is not a time"
    day = at.date().isoformat()
    if day < days[0]:
        return f"event_time is before {days[0]}"
    return f"event_time is after {days[1]}" if day > days[1] else ""


def _of_type(text: str) -> str:
    if not text:
        return "no event_type"
    return "" if text.lower() in NAMES else "unknown event_type"


def _of_price(text: str) -> str:
    if not text:
        return ""
    price = _number(text)
    if price is None or math.isnan(price) or abs(price) > _MOST:
        return "price is not a number"
    return "price is negative" if price < 0 else ""


def _of_quantity(text: str, kind: str) -> str:
    if not text:
        return ""
    quantity = _number(text)
    if quantity is None or not abs(quantity) <= _MOST or quantity % 1:
        return "quantity is not a whole number"
    if quantity == 0:
        return "quantity is 0"
    return "quantity is negative" if quantity < 0 and kind not in (PURCHASE.name, REFUND.name) else ""


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.match(text) else None
