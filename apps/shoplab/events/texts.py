"""What a text means: the same rules for Python as `events.clean` has for Spark, from the same patterns."""

import re

# Spaces and unseen characters (Unicode's Z and Cf, and white space of ASCII), as both Java and Python read them.
_UNSEEN = (
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001"
    "\U000e0020-\U000e007f"
)
SPACES = " \t\n\x0b\f\r"
_BLANK = SPACES + "\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000" + _UNSEEN
AROUND = (
    rf"^[{_BLANK}]+|[{_BLANK}]+\z|[{_UNSEEN}]+"  # no part of a value: spaces at its ends, unseen characters anywhere
)
NOTHING = (  # what programs write where they have no value
    *("null", "(null)", "<null>", "[null]", "nan", "-nan", "nat", "none", "nil", "undefined"),
    *("\\n", "\\\\n", "<na>", "n/a", "na", "#n/a", "#ref!", "#value!", "#name?", "#null!", "#num!", "#div/0!"),
)
AS_TEXT = r"^'(\d+)$|^=\"(.*)\"$"  # an id that a spreadsheet was told to keep as it is
FLOAT = r"^(-?\d+)\.0+$"  # an id in a column of numbers with gaps
EXPONENT = (
    r"(?i)^\d([.,]\d+)?e\+\d+$|^\d\.\d+e\d+$"  # 5.41E+08 of spreadsheets, 5.4131214E8 of Java: digits may be lost
)
THOUSANDS = r"^[+-]?\d{1,3}(\.\d{3})+$"  # where a comma stands before the cents

_AROUND = re.compile(AROUND.replace(r"\z", r"\Z"))
_AS_TEXT = re.compile(AS_TEXT.replace("$", r"\Z"), re.ASCII)
_FLOAT = re.compile(FLOAT.replace("$", r"\Z"), re.ASCII)
_HAS_EXPONENT = re.compile(EXPONENT.replace("$", r"\Z"), re.ASCII)
_THOUSANDS = re.compile(THOUSANDS.replace("$", r"\Z"), re.ASCII)


def trimmed(text: str) -> str:
    return text.strip(SPACES) if text.isascii() else _AROUND.sub("", text)


def meant(text: str) -> str:
    """A value that is no number; "" for words that say there is none."""
    known = trimmed(text)
    return "" if known.lower() in NOTHING else known


def identity(text: str) -> str:
    """An id."""
    return _FLOAT.sub(r"\1", _AS_TEXT.sub(lambda found: found[1] or found[2], meant(text)))


def has_exponent(text: str) -> bool:
    """Of an id: it has lost digits, maybe."""
    return _HAS_EXPONENT.match(text) is not None


def number(text: str, decimal: str) -> str:
    """With a point before the decimals; what a decimal comma leaves unclear is marked, so that it is no number."""
    if decimal == ".":
        return text
    return f"?{text}" if _THOUSANDS.match(trimmed(text)) else text.replace(decimal, ".")
