"""Producers that send shop events to Kafka, into a topic of their own."""

import datetime as dt
import itertools
import logging
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError
from locust import User, task
from pacing import SETTINGS, Paced

from shoplab.core.errors import ServiceError
from shoplab.load.bounds import KAFKA, check_brokers

if TYPE_CHECKING:
    from shoplab.events.rows_python import Record

TOPIC = "load-test"  # no job reads it
PARTITIONS = 3
# Should a run be killed before it can remove the topic, Kafka itself forgets the events
RETENTION = {"retention.ms": "600000", "retention.bytes": str(64 << 20), "segment.bytes": str(16 << 20)}
SAMPLE = 2_000
CONNECT_MS = 8_000
ANSWER_MS = 15_000

logging.getLogger("kafka").setLevel(logging.CRITICAL)  # its warnings at start and end are none of the figures


class ProducerUser(Paced, User):
    """Sends an event and waits until Kafka has acknowledged it (acks=all): that time is the latency.

    All users share one producer, as the threads of one application do: it puts events that wait at the same moment
    into one request. A connection for each user would measure kafka-python instead of Kafka.
    """

    target = KAFKA
    producer: KafkaProducer
    sample: "itertools.cycle[Record]"

    @classmethod
    def load(cls, environment: Any) -> None:
        cls.sample = itertools.cycle(_sample())

    @classmethod
    def prepare(cls, environment: Any) -> None:
        try:
            _make_topic()
            cls.producer = KafkaProducer(
                bootstrap_servers=SETTINGS.kafka, bootstrap_timeout_ms=CONNECT_MS, acks="all", linger_ms=0,
                max_block_ms=ANSWER_MS, request_timeout_ms=ANSWER_MS // 2, delivery_timeout_ms=ANSWER_MS,
            )  # fmt: skip
        except KafkaError as error:
            kind = type(error).__name__
            raise ServiceError(f"Kafka at {SETTINGS.kafka} can't be used ({kind}); see ./lab status") from None

    @classmethod
    def clear(cls) -> None:
        try:
            with suppress(AttributeError):  # none, where the start failed
                cls.producer.close(timeout=5)
            with _admin() as admin, suppress(UnknownTopicOrPartitionError):
                admin.delete_topics([TOPIC])
        except KafkaError as error:
            raise ServiceError(
                f"topic {TOPIC} is left on Kafka ({type(error).__name__}); its events end in 10 min"
            ) from None

    @task
    def send_event(self):
        now = f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
        sent = next(self.sample)
        key, value = sent.key, sent.value.replace(sent.time.encode(), now.encode())
        with self.environment.events.request.measure("Kafka", "send, acks=all", len(value)):
            try:
                self.producer.send(TOPIC, key=key, value=value).get(ANSWER_MS / 1000)
            except KafkaError as error:
                raise RuntimeError(type(error).__name__) from None  # short, and the same for the same fault


def _admin() -> closing[KafkaAdminClient]:
    limits = {"bootstrap_timeout_ms": CONNECT_MS, "request_timeout_ms": ANSWER_MS}
    return closing(KafkaAdminClient(bootstrap_servers=SETTINGS.kafka, **limits))


def _make_topic() -> None:
    """LabError where Kafka, though its address is the lab's, hands clients on to another machine."""
    with _admin() as admin:
        check_brokers(SETTINGS.kafka, (broker["host"] for broker in admin.describe_cluster()["brokers"]))
        wanted = {"num_partitions": PARTITIONS, "replication_factor": 1, "configs": RETENTION}
        with suppress(TopicAlreadyExistsError):  # left by a run that was killed
            admin.create_topics({TOPIC: wanted}, wait_for_metadata=True)


def _sample() -> "list[Record]":
    """Events of the lab's generator, as ./lab replay sends them."""
    from shoplab.events.generator import generate
    from shoplab.events.rows_python import sent_records
    from shoplab.events.sources import inspect

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.csv"
        generate(path, f"{time.gmtime().tm_year}-01", SAMPLE, seed=7)
        return list(sent_records(inspect(path)))
