"""Looks at a file before anything is written: can it be read to its end, what is in it, which columns has it?"""

import hashlib
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from shoplab.core.errors import LabError
from shoplab.core.schemas import SOURCE_COLUMNS
from shoplab.events import guess, hints
from shoplab.events.containers import Member, document, members, opened
from shoplab.events.dialect import Dialect, read_dialect, split_line
from shoplab.events.mapping import REES46, Mapping
from shoplab.events.rows import Batches
from shoplab.events.rows_csv import CsvReader
from shoplab.events.rows_json import read_json
from shoplab.events.rows_parquet import column_names, count_rows, read_parquet

CHUNK = 1 << 20
_SPREADSHEET_ID = re.compile(r"^\d([.,]\d+)?E\+\d+$", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One table of a file. dialect: None for Parquet."""

    member: Member
    names: list[str]
    dialect: Dialect | None

    def rows(self, mapping: Mapping) -> Batches:
        with opened(self.member) as stream:
            if self.dialect is None:
                yield from read_parquet(str(self.member), stream, self.names, mapping)
                return
            text = self.dialect.as_utf8(stream, str(self.member))
            if self.dialect.json:
                yield from read_json(text, self.dialect, mapping)
            else:
                yield from CsvReader(self.dialect, mapping, str(self.member)).batches(text)


def _may_give_more(part: Part) -> bool:
    """Keys may come in any line of JSON, columns with a second header."""
    return part.dialect is not None and (part.dialect.json or part.dialect.header)


@dataclass(frozen=True)
class SourceFile:
    """A file that can be read to its end. map_name: of the map that was guessed, "" where one was given. lines: of its
    tables, about as many as it has rows. left_out: what stands beside the tables in it, and why. stamp: of the file as
    it was looked at.
    """

    path: Path
    size: int
    sha256: str
    mapping: Mapping
    map_name: str
    parts: list[Part]
    lines: int
    left_out: dict[str, str]
    stamp: tuple[int, int]

    def rows(self) -> Batches:
        """All rows (see `rows.ROWS`), in the file's order. LabError, at the end, where the file was changed since it
        was looked at.
        """
        for part in self.parts:
            yield from part.rows(self.mapping)
        if _stamp(self.path) != self.stamp:
            raise LabError(f"{self.path} was changed while it was read; wait until it is written, then take it in")

    def gives(self, column: str) -> bool:
        """Whether it has, or may have, anything for one of our columns."""
        return any(self.mapping.gives(column, part.names) or _may_give_more(part) for part in self.parts)

    @property
    def packed(self) -> bool:
        """Whether its rows take far more room than it does."""
        return any(part.member.packed for part in self.parts)

    @cached_property
    def remarks(self) -> list[str]:
        """What a user may want to know of how it is read."""
        guessed = [f"read by the map {self.map_name}"] if self.map_name not in ("", REES46) else []
        words = list(dict.fromkeys(part.dialect.words() for part in self.parts if part.dialect))
        left = [f"{name} is left out: {why}" for name, why in self.left_out.items()]
        return [*guessed, *filter(None, words), *left, *self._absent()]

    def _absent(self) -> Iterator[str]:
        """Says which columns the map given, or the lab's own, takes from one that a table of the file has not: a slip
        of the pen, maybe.
        """
        names = list(dict.fromkeys(name for part in self.parts for name in part.names))
        if self.map_name and any(part.dialect and part.dialect.json for part in self.parts):
            return  # a key that has no value may be left out of all lines that were looked at
        for column in {"": list(self.mapping.columns), REES46: SOURCE_COLUMNS}.get(self.map_name, []):
            known = " or ".join(self.mapping.known(column))
            without = [part for part in self.parts if not self.mapping.gives(column, part.names)]
            alike = next((name for name in names if hints.ours("columns", name) == column and name != known), "")
            if not without or (column == "quantity" and self.map_name and not alike):
                continue
            where = "" if len(without) == len(self.parts) else f" in {without[0].member.name}"
            words = f' (is it "{alike[:40]}"? ./lab map writes a map that says so)' if alike else ""
            yield f'{column} is empty{where}: there is no column "{known}"{words}'


def inspect(path: Path, mapping: Mapping | None = None) -> SourceFile:
    """Reads the whole file once; without a map, by that of the known shop whose columns it has. LabError: missing,
    unreadable, empty, cut short, no table, or without the columns needed.
    """
    try:
        stamp = _stamp(path)
        digest = _digest(path)
    except FileNotFoundError:
        far = "; files of this machine are read, fetch it first" if ":/" in str(path) else ""
        raise LabError(f"{path}: no such file{far}") from None
    except OSError as error:
        raise LabError(f"{path} can't be read: {error.strerror}") from None
    if not stamp[0]:
        raise LabError(f"{path} is empty")
    looks = [_Look.at(member) for member in members(path)]
    if mapping is None:
        name, mapping, parts = guess.by_columns(partial(_parts, looks, guessing=True))
    else:
        name, parts = "", _parts(looks, mapping)
    taken = {part.member for part in parts}
    left_out = {look.member.name: look.why_no_table() for look in looks if look.member not in taken}
    lines = sum(_lines(part, mapping) for part in parts)
    return SourceFile(path, stamp[0], digest, mapping, name, parts, lines, left_out, stamp)


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise LabError(f'{path} is no file but a pipe or a device; what is piped in is read by the name "-"')
    return status.st_size, status.st_mtime_ns


def _digest(path: Path) -> str:
    with path.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()


@dataclass(frozen=True)
class _Look:
    """What one look shows of a member. start: the first bytes of a text. names: the columns of Parquet."""

    member: Member
    start: bytes
    names: list[str]

    @classmethod
    def at(cls, member: Member) -> "_Look":
        with opened(member) as stream:
            if member.kind == "parquet":
                return cls(member, b"", column_names(str(member), stream))
            return cls(member, stream.read(CHUNK), [])

    def why_no_table(self) -> str:
        return f"it {(document(self.start) or 'has none of the columns').split(';')[0]}"


def _parts(looks: list[_Look], mapping: Mapping, guessing: bool = False) -> list[Part]:
    """The members that are tables of events. LabError where none is."""
    parts, refusals = [], []
    for look in looks:
        try:
            parts.append(_part(look, mapping, guessing))
        except LabError as error:
            refusals.append(error)
    if not parts:
        raise refusals[0]
    return parts


def _part(look: _Look, mapping: Mapping, guessing: bool) -> Part:
    what = str(look.member)
    if look.member.kind == "parquet":
        guess.refuse_partition(look.member, look.names, mapping)
        return Part(look.member, _checked_names(what, look.names, mapping, guess.USE_A_MAP), None)
    dialect = read_dialect(what, look.start, mapping)
    lines = dialect.lines(look.start)
    if dialect.header:
        _refuse_spreadsheet_ids(what, lines[1:], dialect)
    guess.refuse_partition(look.member, dialect.names, mapping)
    names = _checked_names(what, list(dialect.names), mapping, guess.advice(dialect, lines))
    if guessing and not guess.words_fit(lines, dialect, mapping):
        raise LabError(f"{what} has other words for event types")
    return Part(look.member, names, dialect)


def _lines(part: Part, mapping: Mapping) -> int:
    """Reads it to its end: only that shows damage, and bytes that are not its encoding."""
    what = str(part.member)
    with opened(part.member) as stream:
        if part.dialect is None:
            return count_rows(what, stream, part.names, mapping)
        text = part.dialect.as_utf8(stream, what)
        return sum(chunk.count(b"\n") for chunk in iter(lambda: text.read(CHUNK), b""))


def _checked_names(what: str, names: list[str], mapping: Mapping, advice: str) -> list[str]:
    missing = mapping.missing_from(names)
    if missing:
        known = guess.what_else(names)
        if known:
            raise LabError(f"{what} has {known}")
        found = ", ".join(name[:40] for name in names[:12])
        raise LabError(f"{what} has no column {', '.join(missing)} (found: {found}); {advice}")
    if twice := mapping.twice(names):
        raise LabError(f"{what} names a column twice: {', '.join(twice)}; name each once")
    return names


def _refuse_spreadsheet_ids(what: str, lines: list[str], dialect: Dialect) -> None:
    """A few ruined rows are rejected one by one; where most of a column is ruined, so is the file."""
    rows = [split_line(line, dialect.delimiter, dialect.escape) or [] for line in lines]
    for index, name in enumerate(dialect.names):
        if not name.endswith("_id"):
            continue
        ruined = [(line, row[index]) for line, row in enumerate(rows, start=2) if _is_ruined(row, index)]
        if len(ruined) * 2 > len(rows):
            line, value = ruined[0]
            raise LabError(
                f"{what} was damaged by a spreadsheet: line {line} has {name} {value}, the digits are lost;"
                " take the original file"
            )


def _is_ruined(row: list[str], index: int) -> bool:
    return index < len(row) and bool(_SPREADSHEET_ID.match(row[index]))
