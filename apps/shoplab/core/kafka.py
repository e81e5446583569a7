"""Kafka and its events topic: made, emptied, counted, and asked whether it can be used."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError

from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until

CONNECT_MS = 8_000
PARTITIONS = 3
LARGEST_DEAD = 2 << 20  # bytes of a record with the headers of a dead letter: twice what Kafka takes of a usual one
NO_ANSWER = "does not answer"
NO_TOPIC = "lacks the events topic"
_REQUEST_MS = 16_000
_PATIENCE_S = 30.0


@contextmanager
def kafka_calls(settings: Settings) -> Iterator[None]:
    """Kafka's errors as one line that says what to type; its client's warnings are kept quiet."""
    _hush()
    try:
        yield
    except KafkaError as error:
        kind = type(error).__name__
        raise ServiceError(
            f"Kafka does not answer at {settings.kafka} ({kind}); start the lab: ./lab up --embedded"
        ) from None


@contextmanager
def kafka_admin(
    settings: Settings, connect_ms: int = CONNECT_MS, request_ms: int = _REQUEST_MS
) -> Iterator[KafkaAdminClient]:
    """A short-lived client. Raises Kafka's own errors."""
    _hush()
    limits = {"bootstrap_timeout_ms": connect_ms, "request_timeout_ms": request_ms}
    with closing(KafkaAdminClient(bootstrap_servers=settings.kafka, **limits)) as client:
        yield client


def _hush() -> None:
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


def topic_problem(settings: Settings) -> str:
    """What keeps the events topic from being served, "" where nothing does."""
    partitions = _partitions(settings)
    if partitions is None:
        return NO_ANSWER
    if not partitions:
        return NO_TOPIC
    return "" if all(part["leader_id"] >= 0 for part in partitions) else "has partitions of the events topic offline"


def _partitions(settings: Settings) -> list[dict[str, Any]] | None:
    """The events topic's partitions, empty where there is no such topic, None while Kafka does not answer."""
    try:
        with _impatient(settings) as admin:
            topic = _described(settings, admin)
            return [] if topic is None else list(topic["partitions"])
    except KafkaError:
        return None


def _described(settings: Settings, admin: KafkaAdminClient) -> dict[str, Any] | None:
    """What Kafka says of the events topic, None where there is none."""
    if settings.events_topic not in admin.list_topics():
        return None
    [topic] = admin.describe_topics([settings.events_topic])
    found: dict[str, Any] = topic
    return found


def ensure_topic(settings: Settings) -> bool:
    """Makes the events topic where there is none. False while Kafka does not answer."""
    return bool(_partitions(settings)) or make_topic(settings)


def make_topic(settings: Settings) -> bool:
    """Makes the events topic. False while Kafka does not take it."""
    # A record's time is when it arrived, by Kafka's clock: a producer's may be wrong
    configs = {"message.timestamp.type": "LogAppendTime"}
    wanted = {settings.events_topic: {"num_partitions": PARTITIONS, "replication_factor": 1, "configs": configs}}
    try:
        with _impatient(settings) as admin:
            admin.create_topics(wanted, wait_for_metadata=True)
            return True
    except KafkaError:
        return False


def ensure_dead_topic(settings: Settings) -> None:
    """Makes the topic of dead letters, of one partition, where there is none."""
    # What waits for somebody to look at it does not go by itself, but for room: the server's own limit of bytes
    configs = {"retention.ms": "-1", "max.message.bytes": str(LARGEST_DEAD)}
    wanted = {settings.dead_topic: {"num_partitions": 1, "replication_factor": 1, "configs": configs}}
    with kafka_calls(settings), kafka_admin(settings) as admin, suppress(TopicAlreadyExistsError):
        admin.create_topics(wanted, wait_for_metadata=True)


def _impatient(settings: Settings) -> Any:
    """For those who ask again: of a server that starts, or of a check that shall be quick."""
    return kafka_admin(settings, 5_000, 10_000)


def records_in_topic(settings: Settings) -> int:
    """Records ever written to the events topic: the sum of its end offsets."""
    with kafka_calls(settings), _consumer(settings) as consumer:
        return sum(consumer.end_offsets(_places(settings, consumer)).values())


@contextmanager
def _consumer(settings: Settings) -> Iterator[KafkaConsumer]:
    with closing(KafkaConsumer(bootstrap_servers=settings.kafka, bootstrap_timeout_ms=CONNECT_MS)) as consumer:
        yield consumer


def _places(settings: Settings, consumer: KafkaConsumer) -> list[TopicPartition]:
    numbers = consumer.partitions_for_topic(settings.events_topic) or set()
    return [TopicPartition(settings.events_topic, number) for number in sorted(numbers)]


@dataclass(frozen=True)
class TopicState:
    """id: Kafka's own, another one when the topic is made anew. firsts, ends: partition -> its first offset, and the
    one after its last.
    """

    id: str
    firsts: dict[str, int]
    ends: dict[str, int]


def topic_state(settings: Settings) -> TopicState:
    """ServiceError where there is no such topic."""
    with kafka_calls(settings), kafka_admin(settings) as admin, _consumer(settings) as consumer:
        topic = _described(settings, admin)
        if topic is None:
            raise ServiceError(f"Kafka {NO_TOPIC} {settings.events_topic}; start the lab: ./lab up --embedded")
        places = _places(settings, consumer)
        firsts, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
        return TopicState(
            str(topic["topic_id"]),
            {str(place.partition): firsts[place] for place in places},
            {str(place.partition): ends[place] for place in places},
        )


def delete_records(settings: Settings, before: dict[str, int]) -> None:
    """Deletes the records of each partition before that offset, as retention does."""
    with kafka_calls(settings), kafka_admin(settings) as admin:
        admin.delete_records(
            {TopicPartition(settings.events_topic, int(part)): offset for part, offset in before.items()}
        )


def empty_topic(settings: Settings) -> None:
    """Deletes the events topic and makes it anew, with offsets from 0. ServiceError where that takes too long."""
    with kafka_calls(settings), kafka_admin(settings) as admin, suppress(UnknownTopicOrPartitionError):
        admin.delete_topics([settings.events_topic])
    wait_until(
        lambda: make_topic(settings) and records_in_topic(settings) == 0, _PATIENCE_S,
        "Kafka did not make the events topic anew in time; see ./lab logs kafka",
    )  # fmt: skip
