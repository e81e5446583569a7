"""Lines of values -> rows. What stands in quotes may run over line ends (RFC 4180).

A quote that opens a value and is not closed within SPAN lines is a stray one: that line is at fault, reading goes on
with the next; so does one whose text would hold a whole row. A line that names the columns, wherever it stands, says
how those after it are ordered.
"""

import re
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from shoplab.core.errors import LabError
from shoplab.events.dialect import Dialect, split_line
from shoplab.events.mapping import REQUIRED_COLUMNS, Mapping
from shoplab.events.regular import line_pattern
from shoplab.events.rows import LONGEST_ROW, RAW_LENGTH, ROWS, Batches, Rows, picked, picker
from shoplab.events.texts import meant, trimmed

CHUNK = 8 << 20
SPAN = 100  # lines that a quoted text may run over
LONGEST = 16 << 20  # bytes of a line
_KEPT = "surrogateescape"  # bytes that are no UTF-8 matter only where they stand in a column that is needed
_STRANGE = re.compile("[\udc80-\udcff]")
_COLUMNS = "wrong number of columns"
_BOM = "\ufeff"


class CsvReader:
    """Reads a stream of UTF-8 once. what: the file, for messages."""

    def __init__(self, dialect: Dialect, mapping: Mapping, what: str = "the file") -> None:
        self.dialect, self.mapping, self.what, self.words = dialect, mapping, what, mapping.words
        self._named(list(dialect.names))
        origins = mapping.origins(dialect.names)
        mark = next(filter(None, (origins[column].column for column in REQUIRED_COLUMNS[::-1])), "")
        self._mark = mark.casefold()  # stands in every line that names the columns, large or small

    def _named(self, names: list[str]) -> None:
        self.names, self.pick = names, picker(names, self.mapping)
        self._regular = line_pattern(names, self.mapping, self.dialect.delimiter)
        kind = self.mapping.source_of("event_type", names)
        self._places = [place for place, name in enumerate(names) if name == kind]

    def batches(self, stream: BinaryIO) -> Batches:
        rest, line, more = b"", 1 + self.dialect.above, b"-"
        while more:
            more = stream.read(CHUNK)
            data = rest + more
            end = data.rfind(b"\n") + 1 if more else len(data)
            if not end:
                rest = data if len(data) < LONGEST else data[:LONGEST]  # far longer than a row may be
                continue
            block = data[:end]
            batch, left = self._read(block, line, not more)
            if batch.num_rows:
                yield batch
            line += block.count(b"\n") - left.count(b"\n")
            rest = left + data[len(block) :]

    def _read(self, block: bytes, line: int, last: bool) -> tuple[pa.RecordBatch, bytes]:
        """The rows of whole lines, and the bytes of a record that goes on behind them."""
        batch = self._plain(block, line)
        return (batch, b"") if batch is not None else self._careful(block, line, last)

    def _plain(self, block: bytes, line: int) -> pa.RecordBatch | None:
        """The same as `_careful`, ten times as fast, where every line is a row without quotes; else None."""
        delimiter = self.dialect.delimiter
        if not delimiter.isascii() or len(self.names) == 1 or self._needs_care(block):
            return None
        places = [str(place) for place in range(len(self.names))]
        try:
            table = csv.read_csv(
                pa.py_buffer(block),
                csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=places),
                csv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
                csv.ConvertOptions(column_types=dict.fromkeys(places, pa.string()), strings_can_be_null=False),
            ).combine_chunks()
        except pa.ArrowInvalid:
            return None
        raws = _lines(block)
        sizes = pc.min_max(pc.binary_length(raws)).as_py()
        if len(raws) != table.num_rows or not sizes["min"] or sizes["max"] > LONGEST_ROW // 6:
            return None
        columns = [column.chunk(0) for column in table.columns]
        ours = picked(self.mapping.origins(self.names), lambda name: columns[self.names.index(name)], len(raws))
        numbers = pa.array(np.arange(line, line + len(raws)))
        plain = pc.match_substring_regex(raws, self._regular)
        return pa.record_batch([numbers, raws, pa.nulls(len(raws), pa.string()), plain, *ours], schema=ROWS)

    def _needs_care(self, block: bytes) -> bool:
        """Whether quotes, marks, other line ends or names stand in it. One byte is found faster than several."""
        if b'"' in block or (self.dialect.escape and self.dialect.escape.encode() in block):
            return True
        if (b"\r" in block and b"\r" in block.replace(b"\r\n", b"")) or (b"\xef" in block and _BOM.encode() in block):
            return True
        if self._mark.isascii():
            return self._mark.encode() in block.lower()
        return self._mark in block.decode(errors=_KEPT).casefold()

    def _careful(self, block: bytes, first: int, last: bool) -> tuple[pa.RecordBatch, bytes]:
        lines, rows, at = block.split(b"\n"), Rows(self.mapping), 0
        if not lines[-1]:
            lines.pop()
        while at < len(lines):
            record = self._record(lines, at)
            if record is None:
                if not last and len(lines) - at < SPAN:
                    return rows.batch(), b"\n".join(lines[at:]) + (b"\n" if block.endswith(b"\n") else b"")
                record = Record(lines[at], 1, None, "a quote is not closed")
            self._take(rows, first + at, record)
            at += record.span
        return rows.batch(), b""

    def _record(self, lines: list[bytes], at: int) -> "Record | None":
        """The record that begins at a line; None where a quote is open at the end of what there is."""
        for span in range(1, min(SPAN, len(lines) - at) + 1):
            raw = b"\n".join(lines[at : at + span])
            text = raw.decode(errors=_KEPT).rstrip("\r").lstrip(_BOM)
            values = split_line(text, self.dialect.delimiter, self.dialect.escape)
            if values is not None and (span == 1 or len(values) == len(self.names)):
                if any(map(self._is_row, lines[at + 1 : at + span])):
                    return Record(lines[at], 1, None, "a quote is not closed")
                return Record(raw, span, values, None)
            if values is not None or not _open(text, self.dialect):
                return Record(lines[at], 1, None, "a stray quote")
        return None if len(lines) - at < SPAN else Record(lines[at], 1, None, "a quote is not closed")

    def _is_row(self, line: bytes) -> bool:
        """Whether a line within a quoted text would be a row by itself: an event type stands where one has to."""
        values = line.decode(errors=_KEPT).split(self.dialect.delimiter)
        words = [meant(values[place]).lower() for place in self._places if len(values) == len(self.names)]
        return any(word in self.words for word in words)

    def _takes_names(self, line: int, values: list[str]) -> bool:
        """Whether a line names the columns: then those after it are read by it. LabError: by which is not clear."""
        names = list(map(trimmed, values))
        if self._mark not in map(str.casefold, names) or self.mapping.missing_from(names):
            return False
        if twice := self.mapping.twice(names):
            raise LabError(f"{self.what} names a column twice in line {line}: {', '.join(twice)}; name each once")
        self._named(names)
        return True

    def _take(self, rows: Rows, line: int, record: "Record") -> None:
        if record.values is None:
            rows.fault(line, record.raw, record.fault or "")
        elif (len(record.values) == 1 and not record.raw.strip()) or self._takes_names(line, record.values):
            return
        elif len(record.values) != len(self.names):
            rows.fault(line, record.raw, _COLUMNS)
        elif strange := _STRANGE.search("".join(filter(None, values := self.pick(record.values)))):
            rows.fault(line, record.raw, f"not UTF-8: byte 0x{strange[0].encode(errors=_KEPT).hex()}")
        else:
            rows.add(line, record.raw, values)


@dataclass(frozen=True)
class Record:
    """What was found at a line: values or a fault. span: lines it takes."""

    raw: bytes
    span: int
    values: list[str] | None
    fault: str | None


def _open(text: str, dialect: Dialect) -> bool:
    """Whether a value's quote may be closed by a later line."""
    if dialect.escape:
        text = text.replace(dialect.escape + '"', "")
    return text.count('"') % 2 == 1


def _lines(block: bytes) -> pa.Array:
    """The lines themselves, without copying them one by one."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + 1
    if not block.endswith(b"\n"):
        ends = np.append(ends, len(block))
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    whole = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(block))
    return pc.utf8_slice_codeunits(pc.ascii_rtrim(whole, characters="\r\n"), 0, RAW_LENGTH)
