"""Times as a file has them -> as Kafka's records have them: ISO 8601 in UTC. The same forms, by the same rules, as in
`events.clean`, for Python.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from shoplab.core.errors import LabError

# Of several places' zones, or taken by Java for that of another place than most people: BST is Bangladesh's there.
_DOUBTFUL = "ACT|AET|AGT|ART|AST|BET|BST|CNT|CST|CTT|ECT|IET|IST|MIT|NET|NST|PLT|PNT|PRT|SST|VST"
# A cast alone would take "2019" and "12:30" for times.
ISO = rf"^\d{{4}}-\d{{2}}-\d{{2}}[ T]\d(?!.*[ \d](?:{_DOUBTFUL})$)"
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"  # 1.5d, 0x1p3 and Infinity are casts of Java, and no numbers
USUAL = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}( UTC)?$"
LAST_UNIX = 4.2e9  # seconds: milliseconds that are taken for seconds are far beyond

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_USUAL, _ISO = (re.compile(form, re.ASCII) for form in (USUAL.replace("$", r"\Z"), ISO))
_NUMBER = re.compile(NUMBER.replace("$", r"\Z"), re.ASCII)
_LONE = re.compile(r"(?<=[ T:])\d(?!\d)")  # of the clock: Python wants two
_NO_SECONDS = re.compile(r".{10}[ T]\d{1,2}(:\d{1,2})? ?([Zz+-]|UTC)")  # before a zone: Spark reads none there
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")  # fmt: skip
_PARTS = {"M": "month", "L": "month", "d": "day", "H": "hour", "k": "clock", "h": "half", "m": "minute",
          "s": "second"}  # fmt: skip
_HOURS = r"[+-]\d\d"
_LETTERS = {  # of Java's patterns: how it is written
    "yyyy": r"(?P<year{0}>\d{{4}})", "yy": r"(?P<short{0}>\d\d)", "y": r"(?P<year{0}>\d{{1,4}})",
    "a": "(?P<noon{0}>am|pm)",
    "MMM": f"(?P<name{{0}}>{'|'.join(name[:3] for name in _MONTHS)})", "MMMM": f"(?P<name{{0}}>{'|'.join(_MONTHS)})",
    "X": rf"(?P<offset{{0}}>Z|{_HOURS}(?:\d\d)?)", "XX": rf"(?P<offset{{0}}>Z|{_HOURS}\d\d)",
    "XXX": rf"(?P<offset{{0}}>Z|{_HOURS}:\d\d)", "x": rf"(?P<offset{{0}}>{_HOURS}(?:\d\d)?)",
    "xxx": rf"(?P<offset{{0}}>{_HOURS}:\d\d)",
    **dict.fromkeys(("xx", "Z", "ZZ", "ZZZ"), rf"(?P<offset{{0}}>{_HOURS}\d\d)"),
}  # fmt: skip
# Of Java's letters those by which Spark reads times, and how many may stand together.
_COUNTS = {"G": 4, "y": 6, "M": 4, "L": 4, "D": 3, "d": 2, "a": 1, "h": 2, "H": 2, "k": 2, "K": 2, "m": 2, "s": 2,
           "S": 9, "z": 4, "X": 5, "x": 5, "Z": 5}  # fmt: skip
_TOKEN = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<fraction>S+)|(?P<letters>([A-Za-z])\4*)|(?P<other>.)", re.DOTALL)

Reader = Callable[[str], dt.datetime | None]


def not_in_patterns(time_format: str) -> str:
    """What of a pattern Spark refuses, "" where it takes all."""
    depth = 0
    for token in _TOKEN.finditer(time_format):
        letters, other = token["letters"] or token["fraction"] or "", token["other"] or ""
        depth += {"[": 1, "]": -1}.get(other, 0)
        known = letters in ("VV", "O", "OOOO") or 0 < len(letters) <= _COUNTS.get(letters[:1], 0)
        if (letters and not known) or (other and other in "{}#%'") or depth < 0:
            return letters or other
    return ""


def as_iso(text: str, formats: list[str]) -> str:
    """The text itself where it is ISO already, or is in none of the formats: whoever reads it says so. What looks like
    ISO where that is none of the formats is marked, so that it is no time there either.
    """
    for time_format in formats:
        if time_format == "iso":
            if _ISO.match(text):
                return text
        elif (found := _reader(time_format)(text)) is not None:
            return f"{found.replace(tzinfo=None).isoformat(sep=' ')} UTC"
    return f"?{text}" if _ISO.match(text) else text


def moment(text: str) -> dt.datetime | None:
    """A time of `as_iso`, in UTC and without a zone; None where Spark reads none."""
    try:
        if _USUAL.match(text):
            return dt.datetime.fromisoformat(text[:19])
        known = _LONE.sub(r"0\g<0>", text.removesuffix(" UTC"))
        found = dt.datetime.fromisoformat(known) if _ISO.match(text) and not _NO_SECONDS.match(text) else None
    except ValueError:
        return None
    return found.astimezone(dt.UTC).replace(tzinfo=None) if found and found.tzinfo else found


def moments(texts: pa.Array) -> pa.Array:
    """Of many: timestamps in seconds, null where there is none."""
    if pc.all(pc.match_substring_regex(texts, USUAL)).as_py():
        try:
            return pc.cast(pc.utf8_slice_codeunits(texts, 0, 19), pa.timestamp("s"))
        except pa.ArrowInvalid:  # a 30th of February
            pass
    found = [at and at.replace(microsecond=0) for at in map(moment, texts.to_pylist())]
    return pa.array(found, pa.timestamp("s"))


def later(text: str, days: int) -> str:
    """The same time so many days later; the text itself where that is none."""
    try:
        at = moment(text)
        return f"{(at + dt.timedelta(days)).isoformat(sep=' ')} UTC" if at else text
    except OverflowError:
        return text


def later_all(texts: pa.Array, days: int) -> pa.Array:
    """Of many in the usual form."""
    at = moments(texts)
    moved = pc.strftime(pc.add(at, pa.scalar(dt.timedelta(days), pa.duration("s"))), "%Y-%m-%d %H:%M:%S UTC")
    return pc.coalesce(moved, texts)


def _unix(text: str, by: int) -> dt.datetime | None:
    if not _NUMBER.match(text) or not abs(seconds := float(text) / by) < LAST_UNIX:
        return None
    return _EPOCH + dt.timedelta(microseconds=int(seconds * 1_000_000))


@cache
def _reader(time_format: str) -> Reader:
    """LabError for a pattern that only Spark knows."""
    if time_format in ("unix", "unix_ms"):
        return lambda text: _unix(text, 1000 if time_format == "unix_ms" else 1)
    pattern = re.compile("".join(_regexes(time_format)) + r"\Z", re.IGNORECASE | re.ASCII)

    def read(text: str) -> dt.datetime | None:
        found = pattern.match(text)
        return _moment(found.groupdict()) if found else None

    return read


def _regexes(time_format: str) -> Iterator[str]:
    """Of each part of a pattern; groups are numbered, as a part may stand there twice."""
    tokens = list(_TOKEN.finditer(time_format))
    for number, token in enumerate(tokens):
        letters = token["letters"] or ""
        beside = number + 1 < len(tokens) and (tokens[number + 1]["letters"] or tokens[number + 1]["fraction"])
        if token["fraction"]:
            yield rf"(?P<fraction_{number}>\d{{1,{len(token['fraction'])}}})"
        elif letters in _LETTERS:
            yield _LETTERS[letters].format(f"_{number}")
        elif letters[:1] in _PARTS and len(letters) <= 2:
            digits = r"\d\d" if len(letters) == 2 else r"\d{1,2}" if beside else r"\d{1,19}"
            yield f"(?P<{_PARTS[letters[0]]}_{number}>{digits})"
        elif letters:
            raise LabError(f'replay reads no times with "{letters}" in their pattern; ./lab ingest does')
        elif token["quoted"] is not None:
            yield re.escape(token["quoted"].replace("''", "'") or "'")
        else:
            yield {"[": "(?:", "]": ")?"}.get(token["other"], re.escape(token["other"]))
    yield ")?" * (time_format.count("[") - time_format.count("]"))


def _moment(groups: dict[str, str | None]) -> dt.datetime | None:
    parts: dict[str, str] = {}
    for group, value in groups.items():
        name = group.split("_")[0]
        if value is not None and parts.setdefault(name, value) != value:
            return None  # said twice, and differently
    year = int(parts["year"]) if "year" in parts else 2000 + int(parts.get("short", "-30"))
    names = [name[: len(parts.get("name", ""))] for name in _MONTHS]
    month = names.index(parts["name"].lower()) + 1 if "name" in parts else int(parts.get("month", "1"))
    micros = int(parts.get("fraction", "0").ljust(6, "0")[:6])
    try:
        return dt.datetime(year, month, int(parts.get("day", "1")), _hour(parts), int(parts.get("minute", "0")),
                           int(parts.get("second", "0")), micros, tzinfo=dt.UTC) - _offset(parts)  # fmt: skip
    except (ValueError, OverflowError):
        return None


def _hour(parts: dict[str, str]) -> int:
    """24 where it is none."""
    if "clock" in parts:
        return int(parts["clock"]) % 24 if 1 <= int(parts["clock"]) <= 24 else 24
    if "half" not in parts:
        return int(parts.get("hour", "0"))
    if not 1 <= int(parts["half"]) <= 12:
        return 24
    return int(parts["half"]) % 12 + (12 if parts.get("noon", "am").lower() == "pm" else 0)


def _offset(parts: dict[str, str]) -> dt.timedelta:
    """ValueError: further from UTC than any place."""
    text = parts.get("offset", "Z").upper().replace(":", "")
    if text == "Z":
        return dt.timedelta()
    away = dt.timedelta(hours=int(text[1:3]), minutes=int(text[3:5] or "0"))
    if away > dt.timedelta(hours=18) or int(text[3:5] or "0") > 59:
        raise ValueError(text)
    return -away if text[0] == "-" else away
