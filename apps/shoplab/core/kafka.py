"""The events topic: how many records it ever took, and how to empty it."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, UnknownTopicOrPartitionError

from shoplab.errors import ServiceError
from shoplab.lab.health import make_topic
from shoplab.settings import Settings

CONNECT_MS = 8_000
_PATIENCE_S = 30.0


@contextmanager
def kafka_calls(settings: Settings) -> Iterator[None]:
    """Kafka's errors as one line that says what to type."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        yield
    except KafkaError as error:
        kind = type(error).__name__
        raise ServiceError(
            f"Kafka does not answer at {settings.kafka} ({kind}); start the lab: ./lab up --embedded"
        ) from None


def records_in_topic(settings: Settings) -> int:
    """Records ever written to the events topic: the sum of its end offsets."""
    with kafka_calls(settings):
        consumer = KafkaConsumer(bootstrap_servers=settings.kafka, bootstrap_timeout_ms=CONNECT_MS)
        try:
            numbers = consumer.partitions_for_topic(settings.events_topic) or set()
            ends = consumer.end_offsets([TopicPartition(settings.events_topic, number) for number in numbers])
            return sum(ends.values())
        finally:
            consumer.close()


def empty_topic(settings: Settings) -> None:
    """Deletes the events topic and makes it anew, with offsets from 0. ServiceError where that takes too long."""
    with kafka_calls(settings):
        admin = KafkaAdminClient(bootstrap_servers=settings.kafka, bootstrap_timeout_ms=CONNECT_MS)
        try:
            admin.delete_topics([settings.events_topic])
        except UnknownTopicOrPartitionError:
            pass
        finally:
            admin.close()
    deadline = time.monotonic() + _PATIENCE_S
    while not (make_topic(settings) and records_in_topic(settings) == 0):
        if time.monotonic() > deadline:
            raise ServiceError("Kafka did not make the events topic anew in time; see ./lab logs kafka")
        time.sleep(0.2)
