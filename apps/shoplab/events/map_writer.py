"""A file -> the map that its columns' names and values suggest, as YAML to edit."""

import json
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from shoplab.core.errors import LabError
from shoplab.core.schemas import SOURCE_COLUMNS
from shoplab.core.vocabulary import NAMES
from shoplab.events.containers import Member, damage_told, members, opened
from shoplab.events.dialect import Dialect, read_dialect, split_line
from shoplab.events.hints import ours as ours_of
from shoplab.events.mapping import MAPS, REQUIRED_COLUMNS, Mapping
from shoplab.events.rows import as_text
from shoplab.events.rows_parquet import first_rows
from shoplab.events.sources import CHUNK, inspect

_ROWS = 1000  # looked at
_TIMES = {  # how a time is written -> its name in a map
    r"\d{4}-\d{2}-\d{2}[ T]\d.*": "iso",
    r"\d{10}(\.\d+)?": "unix",
    r"\d{13}": "unix_ms",
    r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}": "M/d/yyyy H:mm",
    r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}:\d{2}": "M/d/yyyy H:mm:ss",
    r"\d{1,2}/\d{1,2}/\d{4}": "M/d/yyyy",
    r"\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d{2}": "d.M.yyyy H:mm",
    r"\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d{2}:\d{2}": "d.M.yyyy H:mm:ss",
    r"\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2}": "yyyy/MM/dd HH:mm:ss",
    r"\d{4}-\d{2}-\d{2}": "yyyy-MM-dd",
}


@dataclass(frozen=True)
class Glance:
    """The first rows of a file. dialect: None for Parquet. named: whether the file itself names its columns."""

    names: list[str]
    rows: list[list[str]]
    dialect: Dialect | None
    named: bool

    def values(self, name: str) -> list[str]:
        place = self.names.index(name)
        return [row[place] for row in self.rows if len(row) == len(self.names) and row[place]]


def draft(path: Path, schema: Path) -> tuple[str, list[str]]:
    """The map as YAML, and the columns that are needed and still missing in it. schema: where `map_schema.schema` lies,
    for editors. LabError: the file is no table.
    """
    try:
        known = inspect(path).map_name
    except LabError:
        with damage_told(path):
            if not path.is_file():
                raise
        return _guessed(path, _editors(schema))
    text = (MAPS / f"{known}.yaml").read_text(encoding="utf-8")
    return (
        f"{_editors(schema)}# {path.name} has the columns of the map {known}, which --map {known} names too.\n{text}",
        [],
    )


def _editors(schema: Path) -> str:
    return f"# yaml-language-server: $schema={schema}\n"


def _guessed(path: Path, head: str) -> tuple[str, list[str]]:
    glance = _glance(next(iter(members(path))))
    found = _columns(glance)
    kinds = sorted(set(map(str.lower, glance.values(found["event_type"])))) if "event_type" in found else []
    parts = [
        f"{head}# A map for {path.name}: the lab's columns on the left, what the file has on the right."
        " See docs/ingest.md.\n",
        *_form(glance),
        *_column_lines(glance, found),
        *_type_lines(kinds, "event_type" in found),
    ]
    if "event_time" in found:
        written = _time_format(glance.values(found["event_time"]))
        parts.append(f"time_format: {_quoted(written)}  # iso, unix, unix_ms, or a pattern of Spark's; or a list\n")
    missing = [column for column in REQUIRED_COLUMNS if column not in found and column != "event_type"]
    return "".join(parts), missing


def _form(glance: Glance) -> list[str]:
    if glance.dialect is None or glance.dialect.json:
        return []
    lines = [f"delimiter: {_quoted(glance.dialect.delimiter)}\n"]
    if glance.named:
        return ["header: true\n", *lines]
    return ["header: false\n", f"names: [{', '.join(glance.names)}]  # in the file's order\n", *lines]


def _column_lines(glance: Glance, found: dict[str, str]) -> list[str]:
    lines = ["columns:\n"]
    for column in SOURCE_COLUMNS:
        needed = " (needed)" if column in REQUIRED_COLUMNS else ""
        if column in found:
            lines.append(f"  {column}: {_quoted(found[column])}  # {_examples(glance.values(found[column]))}\n")
        elif column != "event_type":
            lines.append(f"  # {column}:  # none was found{needed}\n")
    rest = [name for name in glance.names if name not in found.values()]
    return lines + [f"  # not used: {_quoted(name)}, such as {_examples(glance.values(name))}\n" for name in rest]


def _type_lines(words: list[str], found: bool) -> list[str]:
    if not found:
        return ["constants: {event_type: purchase}  # no column says what happened: of all rows this did\n"]
    others = [word for word in words if word not in NAMES][:20]
    if not others:
        return []
    lines = [f"event_types:  # the file's words: {', '.join(NAMES)}\n"]
    for word in others:
        ours = ours_of("event_types", word)
        lines.append(f"  {_quoted(word)}: {ours}\n" if ours else f"  # {_quoted(word)}:  # which is it?\n")
    return lines if any(not line.startswith("  #") for line in lines[1:]) else ["# " + lines[0], *lines[1:]]


def _columns(glance: Glance) -> dict[str, str]:
    """Ours -> theirs, by the names; a time also by its values."""
    found: dict[str, str] = {}
    for name in glance.names:
        ours = ours_of("columns", name)
        if ours and ours not in found:
            found[ours] = name
    if "event_time" not in found:
        times = [name for name in glance.names if name not in found.values() and _is_time(glance.values(name))]
        found |= dict.fromkeys(["event_time"], times[0]) if times else {}
    return found


def _is_time(values: list[str]) -> bool:
    return bool(values) and all(any(re.fullmatch(form, value.strip()) for form in _TIMES) for value in values[:20])


def _time_format(values: list[str]) -> str:
    """That of most values; the day comes first where a first number is above 12."""
    forms = [name for value in values for form, name in _TIMES.items() if re.fullmatch(form, value.strip())]
    best = max(set(forms), key=forms.count, default="iso")
    day_first = any(int(value.strip().split("/")[0]) > 12 for value in values if re.match(r"\s*\d{1,2}/", value))
    return best.replace("M/d", "d/M") if day_first else best


def _glance(member: Member) -> Glance:
    with opened(member) as stream:
        if member.kind == "parquet":
            names, first = first_rows(str(member), stream, _ROWS)
            return Glance(names, [[as_text(value) or "" for value in row] for row in first], None, True)
        start = stream.read(CHUNK)
    dialect = read_dialect(str(member), start, Mapping())
    lines = dialect.lines(start)
    if dialect.json:
        found = [row for line in lines[:_ROWS] if isinstance(row := _json(line), dict)]
        values = [[as_text(row.get(name)) or "" for name in dialect.names] for row in found]
        return Glance(list(dialect.names), values, dialect, True)
    rows = [split_line(line, dialect.delimiter, dialect.escape) or [] for line in islice(lines, _ROWS)]
    if any(re.search(r"\d", name) and re.fullmatch(r"[\d.:/ T-]+", name) for name in dialect.names):
        return Glance([f"column_{place}" for place in range(1, len(dialect.names) + 1)], rows, dialect, False)
    return Glance(list(dialect.names), rows[1:], dialect, True)


def _json(line: str) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _examples(values: list[str]) -> str:
    few = list(dict.fromkeys(values))[:3]
    return ", ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", value[:30]) for value in few) or "nothing"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())
