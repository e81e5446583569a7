"""Looks at a file before anything is written: can it be read to its end, what kind is it, which columns has it?"""

import csv
import gzip
import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shoplab.core.errors import LabError
from shoplab.events.mapping import Mapping

CHUNK = 1 << 20
LINE = 10_000  # characters of a line that are looked at
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d")
_SPREADSHEET_ID = re.compile(r"^\d(\.\d+)?E\+\d+$", re.IGNORECASE)


@dataclass(frozen=True)
class SourceFile:
    """A file that can be read to its end. kind: csv, gz, zip or parquet. header: the line to leave out, None if there
    is none.
    """

    path: Path
    kind: str
    size: int
    sha256: str
    names: list[str]
    header: str | None


def inspect(path: Path, mapping: Mapping) -> SourceFile:
    """Reads the whole file once. LabError: missing, unreadable, empty, cut short, not text, or without the columns
    needed.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as reader:
            magic = reader.read(4)
    except FileNotFoundError:
        raise LabError(f"{path}: no such file") from None
    except OSError as error:
        raise LabError(f"{path} can't be read: {error.strerror}") from None
    if not size:
        raise LabError(f"{path} is empty")
    kind = {b"PK\x03\x04": "zip", b"PAR1": "parquet"}.get(magic, "gz" if magic[:2] == b"\x1f\x8b" else "csv")
    digest = _digest(path)
    if kind == "parquet":
        return SourceFile(path, kind, size, digest, _checked_names(path, _parquet_names(path), mapping), None)
    start = _read_to_end(path, kind)
    names, header = _columns(path, start, mapping)
    return SourceFile(path, kind, size, digest, names, header)


def members(path: Path) -> list[str]:
    """Names of the CSV files in a zip."""
    with zipfile.ZipFile(path) as archive:
        return [m.filename for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]


def _digest(path: Path) -> str:
    with path.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()


def _read_to_end(path: Path, kind: str) -> bytes:
    """The first megabyte of text; the rest is read too where only reading shows damage."""
    start = b""
    try:
        for chunk in _text_chunks(path, kind):
            start = start or chunk
            if kind == "csv":
                break
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise LabError(f"{path} is damaged or cut short ({error}); fetch it again") from None
    if not start:
        raise LabError(f"{path} is empty")
    return start


def _text_chunks(path: Path, kind: str) -> Iterator[bytes]:
    if kind == "zip":
        names = members(path)
        if not names:
            raise LabError(f"{path} has no file in it")
        for name in names:
            with zipfile.ZipFile(path) as archive, archive.open(name) as reader:
                yield from iter(lambda: reader.read(CHUNK), b"")
        return
    with gzip.open(path) if kind == "gz" else path.open("rb") as reader:
        yield from iter(lambda: reader.read(CHUNK), b"")


def _parquet_names(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowInvalid, OSError) as error:
        raise LabError(f"{path} is not a whole Parquet file ({str(error).splitlines()[0]}); fetch it again") from None


def _columns(path: Path, start: bytes, mapping: Mapping) -> tuple[list[str], str | None]:
    """Column names, and the header line if there is one."""
    if b"\0" in start or sum(byte < 9 for byte in start[:65536]) > 0:
        raise LabError(f"{path} is not text (CSV in UTF-8, .csv.gz, .zip and .parquet are read)")
    lines = [line[:LINE] for line in start.decode("utf-8-sig", errors="replace").splitlines()[:1000]]
    first = next(csv.reader(lines[:1], delimiter=mapping.delimiter), [])
    if mapping.header is False or (mapping.header is None and _looks_like_event(first, mapping)):
        if len(first) != len(mapping.names):
            raise LabError(
                f"{path} has {len(first)} columns and no header, {len(mapping.names)} are expected"
                f" ({', '.join(mapping.names)}); name them with --map FILE.yaml"
            )
        return _checked_names(path, mapping.names, mapping), None
    names = [name.strip() for name in first]
    _refuse_spreadsheet_ids(path, names, lines[1:], mapping)
    return _checked_names(path, names, mapping), lines[0]


def _looks_like_event(first: list[str], mapping: Mapping) -> bool:
    return bool(mapping.names) and any(_TIME.match(value) for value in first)


def _checked_names(path: Path, names: list[str], mapping: Mapping) -> list[str]:
    missing = mapping.missing_from(names)
    if missing:
        found = ", ".join(name[:40] for name in names[:12])
        raise LabError(
            f"{path} has no column {', '.join(missing)} (found: {found}); say which is which with --map FILE.yaml"
        )
    if len(set(names)) < len(names):
        raise LabError(f"{path} names a column twice: {', '.join(names)[:200]}")
    return names


def _refuse_spreadsheet_ids(path: Path, names: list[str], lines: list[str], mapping: Mapping) -> None:
    """A few ruined rows are rejected one by one; where most of a column is ruined, so is the file."""
    rows = list(csv.reader(lines, delimiter=mapping.delimiter))
    for index, name in enumerate(names):
        if not name.endswith("_id"):
            continue
        ruined = [(line, row[index]) for line, row in enumerate(rows, start=2) if _is_ruined(row, index)]
        if len(ruined) * 2 > len(rows):
            line, value = ruined[0]
            raise LabError(
                f"{path} was damaged by a spreadsheet: line {line} has {name} {value}, the digits are lost;"
                " take the original file"
            )


def _is_ruined(row: list[str], index: int) -> bool:
    return index < len(row) and bool(_SPREADSHEET_ID.match(row[index]))
