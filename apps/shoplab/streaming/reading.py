"""Records of a topic at given places."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings

CONNECT_S = 8.0
PATIENCE_S = 30.0
_FAR = 1_000  # records: from there on, to seek is faster than to read on
_AT_ONCE = 500
_ABOUT_ONE_TOPIC = ("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION")

Places = Iterator[tuple[int, Message]]  # an offset, and the record there


@contextmanager
def reader(settings: Settings) -> Iterator[Consumer]:
    """Of no group: it keeps no place. ServiceError where Kafka does not answer."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka,
            "group.id": "shoplab-reader",  # asked for, though nothing is committed under it
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",  # where Kafka has deleted what was to be read
            "fetch.wait.max.ms": 50,
            "log_level": 0,
        }
    )
    try:
        yield consumer
    except KafkaException as error:
        kind = error.args[0].name()
        raise ServiceError(f"Kafka does not answer at {settings.kafka} ({kind}); see ./lab status") from None
    finally:
        consumer.close()


def spans(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    """Partition -> its first offset and the one after its last; empty where there is no such topic."""
    found = consumer.list_topics(topic, timeout=CONNECT_S).topics[topic]
    if found.error is not None:
        if found.error.name() in _ABOUT_ONE_TOPIC:
            return {}
        raise KafkaException(found.error)
    return {part: consumer.get_watermark_offsets(TopicPartition(topic, part), CONNECT_S) for part in found.partitions}


def between(consumer: Consumer, topic: str, partition: int, first: int, end: int) -> Places:
    """The records of a partition from one offset to before another, those that are still there."""
    if first >= end:
        return
    consumer.assign([TopicPartition(topic, partition, first)])
    heard = time.monotonic()
    while time.monotonic() - heard < PATIENCE_S:
        for message in consumer.consume(_AT_ONCE, 0.2):
            error, offset = message.error(), message.offset()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                return
            if error is not None or offset is None:
                continue  # what the client mends by itself, or does not within our patience
            if offset < end:
                yield offset, message
            if offset >= end - 1:
                return
            heard = time.monotonic()
    raise ServiceError(f"Kafka gives no records of {topic}, partition {partition}; see ./lab status")


def at(consumer: Consumer, topic: str, partition: int, offsets: Sequence[int]) -> Places:
    """The records at these offsets, which ascend; those that are still there."""
    wanted, begin = set(offsets), 0
    for place in range(1, len(offsets) + 1):
        if place == len(offsets) or offsets[place] - offsets[place - 1] > _FAR:
            run = between(consumer, topic, partition, offsets[begin], offsets[place - 1] + 1)
            yield from ((offset, message) for offset, message in run if offset in wanted)
            begin = place
