"""Records on their way to Kafka, by librdkafka."""

import time

from confluent_kafka import KafkaError, KafkaException, Producer

from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings

CONNECT_S = 8.0
GIVE_UP_MS = 60_000  # of a record that Kafka does not acknowledge
ON_THE_WAY = 20_000  # records: to wait for their acknowledgement takes little, where 100,000 cost a third of the speed
Headers = list[tuple[str, str | bytes | None]]
_LOOK_S = 0.2  # how long a call to librdkafka may keep Ctrl-C waiting


class Sending:
    """sent: how many records were handed over. One that was and is not counted would be sent again by who goes on."""

    def __init__(self, producer: Producer, topic: str) -> None:
        self._producer, self._topic = producer, topic
        self._failures: list[str] = []
        self._hands_over = self._interrupted = False
        self.sent = 0

    def send(self, key: bytes | None, value: bytes | None, headers: Headers | None = None) -> None:
        while not self._handed_over(key, value, headers):
            self.check(0.1)  # as much as librdkafka holds is on its way

    def interrupt(self, *_: object) -> None:
        """A signal's handler: KeyboardInterrupt, at once or when the record that is being handed over is counted."""
        if not self._hands_over:
            raise KeyboardInterrupt
        self._interrupted = True

    def _handed_over(self, key: bytes | None, value: bytes | None, headers: Headers | None) -> bool:
        self._hands_over = True
        try:
            self._producer.produce(self._topic, value, key, headers=headers, on_delivery=self._reported)
            self.sent += 1
            return True
        except BufferError:
            return False
        except KafkaException as error:  # longer than any record may be
            self._failures.append(error.args[0].name())
            return False
        finally:
            self._hands_over = False
            if self._interrupted:
                self._interrupted = False
                raise KeyboardInterrupt

    def check(self, wait_s: float = 0.0) -> None:
        """ServiceError where Kafka has refused a record, or not taken it in time."""
        self._producer.poll(wait_s)
        if self._failures:
            raise ServiceError(f"Kafka did not take all of {self.sent:,} records ({self._failures[0]})")

    def settle(self) -> None:
        """Waits until Kafka has acknowledged all. ServiceError where it does not."""
        until = time.monotonic() + 2 * GIVE_UP_MS / 1000
        while self._producer.flush(_LOOK_S) and not self._failures:
            if time.monotonic() > until:
                self._failures.append("no acknowledgement")
        self.check()

    def _reported(self, error: KafkaError | None, _: object) -> None:
        if error is not None:
            self._failures.append(error.name())


def producer(settings: Settings, topic: str, **options: object) -> Producer:
    """Idempotent: a retried send is stored once, in order. A record's partition is the one that Kafka's own clients
    choose for its key. ServiceError where Kafka does not answer.
    """
    made = Producer(
        {
            "bootstrap.servers": settings.kafka,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": 20,
            "queue.buffering.max.messages": ON_THE_WAY,
            "message.timeout.ms": GIVE_UP_MS,
            "delivery.report.only.error": True,
            "log_level": 0,  # librdkafka writes to standard error by itself: each second, while Kafka is away
            **options,
        }
    )
    try:
        made.list_topics(topic, timeout=CONNECT_S)
    except KafkaException as error:
        kind = error.args[0].name()
        raise ServiceError(
            f"Kafka does not answer at {settings.kafka} ({kind}); start the lab: ./lab up --embedded"
        ) from None
    return made
