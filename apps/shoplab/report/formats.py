"""Values -> text for people. What is not known reads "–"; names from a log are cut and stripped to one safe line."""

import math
import unicodedata
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

UNKNOWN = "–"


def short(text: Any, most: int = 40) -> str:
    """A name from a log on one line of at most `most` letters, without control and writing-direction characters.

    It is not escaped: Jinja and matplotlib do that.
    """
    if not known(text):
        return "(none)"
    letters = (" " if c.isspace() else c for c in str(text) if c.isspace() or unicodedata.category(c)[0] != "C")
    line = " ".join("".join(letters).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def breakable(text: str) -> Markup:
    """Escaped, with places to break a line in "electronics.audio.headphone"."""
    return Markup(str(escape(text)).replace(".", ".<wbr>").replace("_", "_<wbr>"))


def known(value: Any) -> bool:
    """Whether there is a value: not None, NaN or NaT, and not infinite."""
    if value is None or value is pd.NaT or value is pd.NA:
        return False
    return not (isinstance(value, float) and not math.isfinite(value))


def count(value: Any) -> str:
    """1234 -> "1,234"."""
    return f"{value:,.0f}" if known(value) else UNKNOWN


def compact(value: Any) -> str:
    """1234 -> "1.2k"; for cells without much room."""
    if not known(value):
        return UNKNOWN
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}" if abs(value) < 999.5 * size else f"{value / size:.0f}{letter}"
    return f"{value:.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.1f}"


def share(value: Any, digits: int = 1) -> str:
    """0.1234 -> "12.3%"."""
    return f"{value:.{digits}%}" if known(value) else UNKNOWN


def decimal(value: Any, digits: int = 2) -> str:
    return f"{value:,.{digits}f}" if known(value) else UNKNOWN


def figure(value: Any) -> str:
    """A number of unknown size with three digits that count: 1234.5 -> "1,234", 0.12345 -> "0.123"."""
    if not known(value):
        return UNKNOWN
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def times(log2: Any) -> str:
    """A log2 ratio as a factor: 1.0 -> "×2.0"."""
    return f"×{2.0**log2:.2g}" if known(log2) else UNKNOWN


def ratio(part: Any, whole: Any) -> float:
    """part / whole, 0 where there is no whole."""
    return float(part) / float(whole) if known(part) and known(whole) and whole else 0.0


FILTERS = {
    "short": short,
    "breakable": breakable,
    "count": count,
    "share": share,
    "decimal": decimal,
    "figure": figure,
    "compact": compact,
}
