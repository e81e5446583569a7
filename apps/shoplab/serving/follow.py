"""The API follows the events topic by itself: what a user did is known milliseconds after Kafka has it."""

import datetime as dt
import logging
import time
from collections.abc import Callable

import orjson
from confluent_kafka import Consumer, KafkaException, TopicPartition
from xxhash import xxh32_intdigest

from shoplab.core.memory import room_mib
from shoplab.core.repeated import Repeated
from shoplab.core.settings import Settings
from shoplab.events.times import moment
from shoplab.serving.recent import BUDGET, KINDS, LATEST, Recent, Tokens

_OF_SESSIONS = 16 << 20  # bytes
_TAKEN = 2_000  # records at once
_WAIT_S = 0.02
_LAST = 500_000  # records of a partition to begin with, where no account says from where
_AHEAD_S = 2 * 86_400  # a later event is a wrong clock's: the stream rejects it too
_CONNECT_S, _AGAIN_S = 2.0, 1.0
_EPOCH = dt.datetime(1970, 1, 1)

log = logging.getLogger(__name__)


class Follower:
    """One process's consumer of the whole topic, and what it remembers: events by user and by session.

    starts: partition -> the first offset to be read, asked once; {} for none known. lag: records behind, None while
    Kafka does not answer.
    """

    def __init__(self, settings: Settings, starts: Callable[["Follower"], dict[int, int]], worker: int = 1) -> None:
        self._settings, self._starts, self._worker = settings, starts, worker
        room = room_mib() << 20  # a small container gives a twelfth
        self.users, self.sessions = Recent(min(BUDGET, room // 16)), Recent(min(_OF_SESSIONS, room // 48))
        self.tokens = Tokens()
        self.lag: int | None = None
        self.problem = "the topic was not reached yet"
        self._following = Repeated("follower", self._try_to_follow, _AGAIN_S)
        self.start, self.stop = self._following.start, self._following.stop

    def take(self, value: bytes | None) -> bool:
        """One record. False for what is no event that says something of a user."""
        try:
            event = orjson.loads(value or b"")
            kind, user, product = KINDS[event["event_type"]], event["user_id"], event["product_id"]
            at = seconds(event["event_time"])
        except (ValueError, KeyError, TypeError):
            return False
        if not (user and product and isinstance(user, str) and isinstance(product, str)) or at > time.time() + _AHEAD_S:
            return False
        self.remember(user, event.get("user_session") or "", product, kind, at)
        return True

    def remember(self, user: str, session: str, product: str, kind: int, at: int) -> None:
        token, hashed = self.tokens.number(product), xxh32_intdigest(session.encode()) if session else 0
        self.users.add(user, at, token, hashed, kind)
        if session:
            self.sessions.add(session, at, token, hashed, kind)

    def _try_to_follow(self) -> None:
        try:
            self._follow()
        except Exception as error:  # Kafka away, or the topic made anew: it is asked again
            said = "Kafka does not answer; ./lab status" if isinstance(error, KafkaException) else str(error)
            if said != self.problem:
                log.warning("the API does not follow the topic: %s", said)
            self.problem, self.lag = said, None

    def _follow(self) -> None:
        consumer = Consumer(
            {
                "bootstrap.servers": self._settings.kafka, "group.id": f"shoplab-api-{self._worker}",
                "enable.auto.commit": False, "auto.offset.reset": "latest", "fetch.wait.max.ms": 20,
                "topic.metadata.refresh.interval.ms": 10_000, "log_level": 0, "fetch.min.bytes": 1,
            }
        )  # fmt: skip
        try:
            places = self._places(consumer)
            consumer.assign(places)
            self.problem = ""
            while not self._following.stopping.is_set():
                self._round(consumer, places)
        finally:
            consumer.close()

    def _round(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        messages = consumer.consume(_TAKEN, _WAIT_S)
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            self.take(message.value())
        self.lag = _lag(consumer, places) if not messages or len(messages) == _TAKEN else len(messages)

    def _places(self, consumer: Consumer) -> list[TopicPartition]:
        topic = self._settings.events_topic
        partitions = consumer.list_topics(topic, timeout=_CONNECT_S).topics[topic].partitions
        if not partitions:
            raise RuntimeError("Kafka lacks the events topic; start the lab: ./lab up --embedded")
        starts = self._starts(self)
        found = []
        for number in sorted(partitions):
            first, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=_CONNECT_S)
            found.append(TopicPartition(topic, number, max(first, min(end, starts.get(number, end - _LAST)))))
        return found


def _lag(consumer: Consumer, places: list[TopicPartition]) -> int:
    """From what the consumer knows; it asks nobody."""
    lag = 0
    for place in consumer.position(places):
        _, end = consumer.get_watermark_offsets(place, cached=True)
        lag += max(0, end - max(0, place.offset))
    return lag


def seconds(text: str) -> int:
    """Unix time of a record's event_time; ValueError for what is none, or before 1970."""
    at = moment(text)
    found = -1 if at is None else int((at - _EPOCH).total_seconds())
    if not 0 <= found < LATEST:
        raise ValueError(f"{text} is no time of a shop")
    return found
