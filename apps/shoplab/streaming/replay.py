"""A file of events -> Kafka, in the file's order, at a chosen rate or a multiple of the shop's own speed."""

import csv
import datetime as dt
import gzip
import io
import itertools
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import orjson
from kafka import KafkaProducer
from kafka.errors import KafkaError

from shoplab.errors import LabError, ServiceError
from shoplab.ingest.mapping import NUMBER_ID, Mapping
from shoplab.ingest.sources import Source, inspect, members
from shoplab.schemas import RAW_COLUMNS, SOURCE_COLUMNS
from shoplab.settings import Settings
from shoplab.streaming.topic import CONNECT_MS, kafka_calls

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d")
BURST_S = 0.1  # how often the pace is checked
Row = dict[str, str]


@dataclass(frozen=True)
class ReplaySummary:
    """events: sent and acknowledged. seconds: from first to last."""

    file: str
    events: int
    seconds: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds if self.seconds else 0.0


def replay(settings: Settings, path: Path, mapping: Mapping, rate: float | None = None, speed: float | None = None,
           limit: int | None = None, progress: Callable[[int], None] = lambda _: None) -> ReplaySummary:  # fmt: skip
    """Sends the rows as they are: the stream finds and reports bad ones. rate: events a second; speed: 60 plays an
    hour of the shop in a minute; neither: as fast as Kafka takes them. Events of one user keep their order (the key is
    user_id).
    """
    source = inspect(path, mapping)
    rows = itertools.islice(read_rows(source, mapping), limit)
    started = time.monotonic()
    producer = _producer(settings)
    sent = 0
    failures: list[Exception] = []
    try:
        for row in paced(rows, rate, speed):
            future = producer.send(settings.events_topic, key=row["user_id"].encode(), value=orjson.dumps(row))
            future.add_errback(failures.append)
            sent += 1
            if sent % 1000 == 0:
                progress(sent)
                _raise_first(failures)
        producer.flush(timeout=60)
        _raise_first(failures)
    except KafkaError as error:
        kind = type(error).__name__
        raise ServiceError(f"Kafka stopped answering after {sent:,} events ({kind}); see ./lab status") from None
    finally:
        producer.close(timeout=5)
    progress(sent)
    return ReplaySummary(path.name, sent, time.monotonic() - started)


def _producer(settings: Settings) -> KafkaProducer:
    """Idempotent: a retried send is stored once."""
    with kafka_calls(settings):
        return KafkaProducer(
            bootstrap_servers=settings.kafka,
            bootstrap_timeout_ms=CONNECT_MS,
            enable_idempotence=True,
            linger_ms=20,
            batch_size=1 << 17,
        )


def count_rows(path: Path, mapping: Mapping) -> int:
    """Rows of a file, good and bad."""
    return sum(1 for _ in read_rows(inspect(path, mapping), mapping))


def read_rows(source: Source, mapping: Mapping) -> Iterator[Row]:
    """Rows with the lab's column names, event types and, for Unix seconds, times; everything stays text, "" where
    missing. quantity only where the file has one.
    """
    columns = SOURCE_COLUMNS if mapping.gives("quantity", source.names) else RAW_COLUMNS
    ours = {column: mapping.source_of(column, source.names) for column in columns}
    words = {theirs.lower(): kind for theirs, kind in mapping.event_types.items()}
    for theirs in _source_rows(source, mapping):
        row = {column: (theirs.get(name) or "").strip() for column, name in ours.items()} | mapping.constants
        row["event_type"] = words.get(row["event_type"].lower(), row["event_type"])
        row["event_time"] = _iso_time(row["event_time"], mapping.time_formats)
        row |= {column: re.sub(NUMBER_ID, r"\1", row[column]) for column in mapping.number_ids if column in row}
        yield row


def paced(rows: Iterator[Row], rate: float | None, speed: float | None) -> Iterator[Row]:
    """The same rows, held back to the rate (rows a second) or to the events' own times divided by speed."""
    if rate is None and speed is None:
        yield from rows
        return
    started = time.monotonic()
    first: float | None = None
    due = 0.0
    for number, row in enumerate(rows):
        if rate is not None:
            due = number / rate
        elif (at := _seconds(row["event_time"])) is not None and speed is not None:
            first = at if first is None else first
            due = (at - first) / speed
        ahead = due - (time.monotonic() - started)
        if ahead > BURST_S:
            time.sleep(ahead)
        yield row


def _raise_first(failures: list[Exception]) -> None:
    if failures:
        raise failures[0]


def _source_rows(source: Source, mapping: Mapping) -> Iterator[dict[str, str]]:
    if source.kind == "parquet":
        import pyarrow.parquet as pq

        for batch in pq.ParquetFile(source.path).iter_batches(batch_size=10_000):
            for row in batch.to_pylist():
                yield {name: "" if value is None else str(value) for name, value in row.items()}
        return
    for text in _texts(source):
        for values in csv.reader(_lines(text, source.header), delimiter=mapping.delimiter):
            yield dict(zip(source.names, values, strict=False))


def _texts(source: Source) -> Iterator[TextIO]:
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


def _seconds(text: str) -> float | None:
    try:
        return dt.datetime.fromisoformat(text.removesuffix(" UTC")).replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        return None
