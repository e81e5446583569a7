"""A file of events -> Kafka, in the file's order, at a chosen rate or a multiple of the shop's own speed."""

import datetime as dt
import itertools
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Producer

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings
from shoplab.events.rows_python import Record, sent_records
from shoplab.events.sources import SourceFile

BURST_S = 0.1  # how often the pace is checked
CONNECT_S = 8.0
GIVE_UP_MS = 60_000  # of a record that Kafka does not acknowledge
TOLD_EVERY = 10_000  # events


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
    records = itertools.islice(sent_records(source), limit)
    started = time.monotonic()
    sent = _send(_producer(settings), settings.events_topic, paced(records, rate, speed), progress)
    if not sent:
        raise LabError(f"{source.path} has no rows, only a header")
    return ReplaySummary(source.path.name, sent, time.monotonic() - started)


class _Sending:
    """Records on their way. sent: how many were handed over."""

    def __init__(self, producer: Producer, topic: str) -> None:
        self._producer, self._topic = producer, topic
        self._failures: list[str] = []
        self.sent = 0

    def send(self, record: Record) -> None:
        while True:
            try:
                self._producer.produce(self._topic, record.value, record.key, on_delivery=self._reported)
                break
            except BufferError:  # as much as it holds is on its way
                self.check(0.1)
        self.sent += 1

    def check(self, wait_s: float = 0.0) -> None:
        """ServiceError where Kafka has not taken a record in time."""
        self._producer.poll(wait_s)
        if self._failures:
            kind = self._failures[0]
            raise ServiceError(f"Kafka stopped answering after {self.sent:,} events ({kind}); see ./lab status")

    def finish(self) -> None:
        """Waits until Kafka has acknowledged all."""
        if self._producer.flush(GIVE_UP_MS / 1000):
            self._failures.append("no acknowledgement")
        self.check()

    def _reported(self, error: KafkaError | None, _: object) -> None:
        if error is not None:
            self._failures.append(error.name())


def _send(producer: Producer, topic: str, records: Iterator[Record], progress: Callable[[int], None]) -> int:
    """Returns how many Kafka has acknowledged: all."""
    sending = _Sending(producer, topic)
    for record in records:
        sending.send(record)
        if sending.sent % TOLD_EVERY == 0:
            progress(sending.sent)
            sending.check()
    sending.finish()
    progress(sending.sent)
    return sending.sent


def _producer(settings: Settings) -> Producer:
    """Idempotent: a retried send is stored once. A user's partition is the one that Kafka's own clients choose."""
    log = logging.getLogger("kafka")
    log.setLevel(logging.CRITICAL)
    producer = Producer(
        {
            "bootstrap.servers": settings.kafka,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": 20,
            "message.timeout.ms": GIVE_UP_MS,
            "delivery.report.only.error": True,
        },
        logger=log,
    )
    try:
        producer.list_topics(settings.events_topic, timeout=CONNECT_S)
    except KafkaException as error:
        kind = error.args[0].name()
        raise ServiceError(
            f"Kafka does not answer at {settings.kafka} ({kind}); start the lab: ./lab up --embedded"
        ) from None
    return producer


def paced(records: Iterator[Record], rate: float | None, speed: float | None) -> Iterator[Record]:
    """The same records, held back to the rate (records a second) or to the events' own times divided by speed."""
    if rate is None and speed is None:
        yield from records
        return
    started = time.monotonic()
    first: float | None = None
    due = 0.0
    for number, record in enumerate(records):
        if rate is not None:
            due = number / rate
        elif (at := _seconds(record.time)) is not None and speed is not None:
            first = at if first is None else first
            due = (at - first) / speed
        ahead = due - (time.monotonic() - started)
        if ahead > BURST_S:
            time.sleep(ahead)
        yield record


def _seconds(text: str) -> float | None:
    try:
        return dt.datetime.fromisoformat(text.removesuffix(" UTC")).replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        return None
