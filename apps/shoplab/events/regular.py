"""Values that no rule for values changes, told by one look at a whole row: nearly all rows of nearly all files.

The rules for the others (spaces around a value, words for nothing, ids as spreadsheets keep them, other forms of times
and numbers) cost ten times as much. The patterns mean the same to Java, to RE2 and to Python.
"""

import re
from collections.abc import Sequence

from shoplab.core.schemas import SOURCE_COLUMNS
from shoplab.core.vocabulary import NAMES
from shoplab.events.mapping import Mapping

# No words for nothing: all of those that are spelt in letters begin with n or u.
_FIRST = "[0-9A-MO-TV-Za-mo-tv-z]"
_ID = f"(?:{_FIRST}[0-9A-Za-z_-]*)?"
_WORD = f"(?:{_FIRST}(?:[0-9A-Za-z_.:&/ -]*[0-9A-Za-z_])?)?"
_ISO = "(?:[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?: UTC)?)?"
_PATTERNS = dict.fromkeys(SOURCE_COLUMNS, _ID) | {
    "event_time": _ISO, "category_code": _WORD, "brand": _WORD, "price": r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?)?",
    "quantity": "[0-9]{0,9}",
}  # fmt: skip
_NEVER = "$."


def row_pattern(mapping: Mapping) -> str:
    """Of SOURCE_COLUMNS with commas between."""
    return f"^{','.join(_pattern(name, mapping) for name in SOURCE_COLUMNS)}$"


def line_pattern(names: Sequence[str], mapping: Mapping, delimiter: str) -> str:
    """Of a whole line with these columns; of those that are not needed any value will do."""
    needed: dict[str, set[str]] = {}
    for column, origin in mapping.origins(names).items():
        if origin.column is not None:
            needed.setdefault(origin.column, set()).add(_pattern(column, mapping))
        elif not re.fullmatch(_pattern(column, mapping), origin.constant or ""):
            return _NEVER
    anything = {f"[^{re.escape(delimiter)}]*"}
    patterns = [needed.get(name, anything) for name in names]
    # a value that two of our columns are taken from may be read in two ways: nobody's usual file
    return f"^{re.escape(delimiter).join(min(some) if len(some) == 1 else _NEVER for some in patterns)}$"


def _pattern(column: str, mapping: Mapping) -> str:
    if column == "event_time" and mapping.time_formats != ["iso"]:
        return _WORD
    if column == "price" and mapping.decimal != ".":
        return _PATTERNS["quantity"]
    return _PATTERNS[column]


def _record(patterns: dict[str, str]) -> str:
    """A record as `wire.encode` writes it: its parts between quotes stand at fixed places."""
    given = ",".join(f'"{name}":"{patterns[name]}"' for name in SOURCE_COLUMNS if name != "quantity")
    return f'^[{{]{given}(?:,"quantity":"{patterns["quantity"]}")?[}}]$'


RECORD = _record(_PATTERNS)
PLACES = {name: 4 * number + 3 for number, name in enumerate(SOURCE_COLUMNS)}  # of its values, split at its quotes
# And records with nothing against them but a day that the calendar, or the lab, does not have, or a word for nothing.
_TIME = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]) (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?: UTC)?"
_GOOD = {name: pattern.replace(_FIRST, "[0-9A-Za-z]", 1) for name, pattern in _PATTERNS.items()}
GOOD_RECORD = _record(
    _GOOD | {"event_time": _TIME, "event_type": f"(?:{'|'.join(NAMES)})", "quantity": "(?:[1-9][0-9]{0,8})?"}
    | dict.fromkeys(("product_id", "user_id"), "[0-9A-Za-z][0-9A-Za-z_-]*")
)  # fmt: skip
