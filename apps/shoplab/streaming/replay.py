"""A file of events -> Kafka, in the file's order, at a chosen rate or a multiple of the shop's own speed."""

import datetime as dt
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kafka import KafkaProducer
from kafka.errors import KafkaError

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.kafka import CONNECT_MS, kafka_calls
from shoplab.core.settings import Settings
from shoplab.events.rows_python import Row, read_rows
from shoplab.events.sources import SourceFile
from shoplab.events.wire import encode

BURST_S = 0.1  # how often the pace is checked


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


def replay(
    settings: Settings,
    source: SourceFile,
    rate: float | None = None,
    speed: float | None = None,
    limit: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> ReplaySummary:
    """Sends the rows as they are: the stream finds and reports bad ones. rate: events a second; speed: 60 plays an
    hour of the shop in a minute; neither: as fast as Kafka takes them. Events of one user keep their order (the key is
    user_id).
    """
    rows = itertools.islice(read_rows(source), limit)
    started = time.monotonic()
    producer = _producer(settings)
    try:
        sent = _send(producer, settings.events_topic, paced(rows, rate, speed), progress)
    finally:
        producer.close(timeout=5)
    if not sent:
        raise LabError(f"{source.path} has no rows, only a header")
    return ReplaySummary(source.path.name, sent, time.monotonic() - started)


def _send(producer: KafkaProducer, topic: str, rows: Iterator[Row], progress: Callable[[int], None]) -> int:
    """Returns how many Kafka has acknowledged: all."""
    sent = 0
    failures: list[Exception] = []
    try:
        for row in rows:
            key, value = encode(row)
            producer.send(topic, key=key, value=value).add_errback(failures.append)
            sent += 1
            if sent % 1000 == 0:
                progress(sent)
                _raise_first(failures)
        producer.flush(timeout=60)
        _raise_first(failures)
    except KafkaError as error:
        kind = type(error).__name__
        raise ServiceError(f"Kafka stopped answering after {sent:,} events ({kind}); see ./lab status") from None
    progress(sent)
    return sent


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
        elif (at := _seconds(row.get("event_time", ""))) is not None and speed is not None:
            first = at if first is None else first
            due = (at - first) / speed
        ahead = due - (time.monotonic() - started)
        if ahead > BURST_S:
            time.sleep(ahead)
        yield row


def _raise_first(failures: list[Exception]) -> None:
    if failures:
        raise failures[0]


def _seconds(text: str) -> float | None:
    try:
        return dt.datetime.fromisoformat(text.removesuffix(" UTC")).replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        return None
