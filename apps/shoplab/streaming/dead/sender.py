"""A micro-batch's records that are no events -> the topic of dead letters.

Their bytes do not come by Spark: the driver reads them from Kafka by their places, as they are sent on. A normal batch
carries nothing for them, and one with a thousand records of a megabyte does not fill the driver's memory.
"""

import logging
from collections import Counter
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer

from shoplab.core.errors import ServiceError
from shoplab.core.kafka import LARGEST_DEAD, ensure_dead_topic
from shoplab.core.settings import Settings
from shoplab.streaming.dead.letters import Place, headers
from shoplab.streaming.reading import at, reader
from shoplab.streaming.records import NO_EVENT
from shoplab.streaming.sending import GIVE_UP_MS, producer

_REFUSALS = ("MSG_SIZE_TOO_LARGE", "INVALID_RECORD", "POLICY_VIOLATION")  # of a record, however often it is sent

Sent = tuple[Place, Message]  # a dead letter: where the record was, and the record

log = logging.getLogger(__name__)


class DeadLetters:
    """Sends them for one stream, and has no client until there is something to send."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._topic = settings, settings.dead_topic
        self._producer: Producer | None = None

    def send(self, topic: str, bad: pa.Table) -> int:
        """bad: a batch's rejected rows, with partition, offset and reason; topic: Kafka's id of theirs. Returns how
        many the topic of dead letters has acknowledged; what it refuses, and what is no longer there, is said in one
        line. The same batch done again sends them again: who reads them knows them by topic, partition and offset.
        """
        dead = bad.filter(pc.equal(bad["reason"], NO_EVENT)).sort_by("offset")
        if not len(dead):
            return 0
        self._producer = self._producer or self._opened()
        sending = _Letters(self._producer, self._topic)
        with reader(self._settings) as consumer:
            for place, message in _originals(consumer, self._settings.events_topic, topic, dead):
                sending.send(place, message)
            sending.settle()
        gone = len(dead) - sending.sent
        refused = sending.refused | ({"no longer in the topic": gone} if gone else {})
        for why, records in refused.items():
            log.warning("%s records that are no events could not go to %s: %s", f"{records:,}", self._topic, why)
        return sending.sent - sum(sending.refused.values())

    def _opened(self) -> Producer:
        ensure_dead_topic(self._settings)
        return producer(self._settings, self._topic, **{"message.max.bytes": LARGEST_DEAD})


def _originals(consumer: Consumer, topic: str, topic_id: str, dead: pa.Table) -> Iterator[Sent]:
    for partition in pc.unique(dead["partition"]).to_pylist():
        theirs = dead.filter(pc.equal(dead["partition"], partition))
        for offset, message in at(consumer, topic, partition, theirs["offset"].to_pylist()):
            yield Place(topic_id, partition, offset), message


class _Letters:
    """sent: how many were handed over; refused: why -> how many of these Kafka will never take."""

    def __init__(self, producer: Producer, topic: str) -> None:
        self._producer, self._topic = producer, topic
        self._failures: list[tuple[KafkaError, Sent]] = []
        self.sent, self.refused = 0, Counter[str]()

    def send(self, place: Place, message: Message) -> None:
        self.sent += 1
        self._produce((place, message))

    def settle(self) -> None:
        """Waits until all are acknowledged or refused. ServiceError where neither is said."""
        self._flush()
        together, self._failures = self._failures, []
        for _, letter in together:  # Kafka refuses a whole request for one of its records: each alone
            self._produce(letter)
            self._flush()
        self.refused.update(error.name() for error, _ in self._failures)

    def _flush(self) -> None:
        if self._producer.flush(GIVE_UP_MS / 1000):
            raise ServiceError(f"Kafka does not acknowledge what goes to {self._topic}; see ./lab status")
        for error, _ in self._failures:
            if error.name() not in _REFUSALS:
                raise ServiceError(f"Kafka does not take what goes to {self._topic} ({error.name()}); see ./lab status")

    def _produce(self, letter: Sent) -> None:
        place, message = letter
        _, arrived = message.timestamp()

        def reported(error: KafkaError | None, _: object) -> None:
            if error is not None:
                self._failures.append((error, letter))

        while True:
            try:
                self._producer.produce(
                    self._topic, message.value(), message.key(), headers=headers(NO_EVENT, place), timestamp=arrived,
                    on_delivery=reported,
                )  # fmt: skip
                return
            except BufferError:  # as much as it holds is on its way
                self._producer.poll(0.1)
            except KafkaException as error:  # longer than any record may be
                self._failures.append((error.args[0], letter))
                return
