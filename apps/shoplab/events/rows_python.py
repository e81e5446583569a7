"""Source files on this machine -> rows in Python, one by one, in the file's order: what a replay sends."""

import csv
import datetime as dt
import gzip
import io
import re
import zipfile
from collections.abc import Iterator
from typing import TextIO

from shoplab.core.errors import LabError
from shoplab.core.schemas import RAW_COLUMNS
from shoplab.events.mapping import NUMBER_ID, Mapping, Origin
from shoplab.events.sources import SourceFile, members

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d")
Row = dict[str, str]


def read_rows(source: SourceFile, mapping: Mapping) -> Iterator[Row]:
    """Rows with the lab's column names, event types and, for Unix seconds, times; everything stays text, "" where
    missing. quantity only where the file has one.
    """
    origins = mapping.origins(source.names)
    if not mapping.gives("quantity", source.names):
        origins = {column: origins[column] for column in RAW_COLUMNS}
    for theirs in _source_rows(source, mapping):
        row = {column: _value(theirs, origin) for column, origin in origins.items()}
        row["event_type"] = mapping.words.get(row["event_type"].lower(), row["event_type"])
        row["event_time"] = _iso_time(row["event_time"], mapping.time_formats)
        yield row


def _value(theirs: Row, origin: Origin) -> str:
    if origin.constant is not None:
        return origin.constant
    text = (theirs.get(origin.column or "") or "").strip()
    return re.sub(NUMBER_ID, r"\1", text) if origin.number_id else text


def _source_rows(source: SourceFile, mapping: Mapping) -> Iterator[Row]:
    if source.kind == "parquet":
        import pyarrow.parquet as pq

        for batch in pq.ParquetFile(source.path).iter_batches(batch_size=10_000):
            for row in batch.to_pylist():
                yield {name: "" if value is None else str(value) for name, value in row.items()}
        return
    for text in _texts(source):
        for values in csv.reader(_lines(text, source.header), delimiter=mapping.delimiter):
            yield dict(zip(source.names, values, strict=False))


def _texts(source: SourceFile) -> Iterator[TextIO]:
    if source.kind == "zip":
        with zipfile.ZipFile(source.path) as archive:
            for name in members(source.path):
                with archive.open(name) as binary:
                    yield io.TextIOWrapper(binary, encoding="utf-8-sig", errors="replace", newline="")
        return
    with gzip.open(source.path) if source.kind == "gz" else source.path.open("rb") as binary:
        yield io.TextIOWrapper(binary, encoding="utf-8-sig", errors="replace", newline="")


def _lines(text: TextIO, header: str | None) -> Iterator[str]:
    return (line for line in text if line.strip() and line.rstrip("\r\n") != header)


def _iso_time(text: str, time_formats: list[str]) -> str:
    if time_formats == ["iso"] or ("iso" in time_formats and _ISO.match(text)):
        return text
    [time_format, *others] = time_formats
    if others or time_format not in ("unix", "unix_ms"):
        raise LabError("replay reads ISO and Unix times; for other formats: ./lab ingest FILE --map MAP")
    try:
        seconds = float(text) / (1000 if time_format == "unix_ms" else 1)
        return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return text
