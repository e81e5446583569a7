"""POST /events: checked by ingest's rules, sent to Kafka, answered when Kafka has acknowledged all that was good."""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from confluent_kafka import KafkaError, KafkaException, Producer

from shoplab.core.errors import ServiceError
from shoplab.core.repeated import Repeated
from shoplab.core.schemas import RAW_COLUMNS, SOURCE_COLUMNS
from shoplab.core.settings import Settings
from shoplab.events.check import fault
from shoplab.events.wire import encode
from shoplab.recommend.data.products import Product

MOST = 1_000  # events of one request
_GIVE_UP_MS = 5_000
_POLL_S = 0.01
_OF_PRODUCT = ("category_code", "brand", "price")


class Intake:
    """One process's producer. product: what the catalogue knows of an id."""

    def __init__(self, settings: Settings, product: Callable[[str], Product | None]) -> None:
        self._settings, self._product = settings, product
        self._producer: Producer | None = None
        self._polling = Repeated("intake", self._poll, 0.0)
        self.start = self._polling.start

    def stop(self) -> None:
        self._polling.stop()
        if self._producer:
            self._producer.flush(_GIVE_UP_MS / 1000)

    def rows(self, events: Sequence[Any]) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
        """Records to send, and of the others their places and what is wrong."""
        good, bad, now = [], [], f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
        for index, event in enumerate(events):
            row, problem = self._row(event, now)
            if problem:
                bad.append({"index": index, "error": problem})
            else:
                good.append(row)
        return good, bad

    async def send(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Returns when Kafka has them all. ServiceError where it does not answer: none is sent then, or it says how
        many were.
        """
        if not rows:
            return
        producer = await asyncio.to_thread(self._ready)
        loop, waiting = asyncio.get_running_loop(), _Waiting(len(rows))
        for row in rows:
            key, value = encode(dict(row))
            producer.produce(self._settings.events_topic, value, key, on_delivery=waiting.told(loop))
        producer.poll(0)
        failed = await waiting.done
        if failed:
            raise ServiceError(f"Kafka took {len(rows) - failed:,} of {len(rows):,} events; send all again: the stream"
                               " drops those it has")  # fmt: skip

    def _row(self, event: Any, now: str) -> tuple[dict[str, str], str]:
        if not isinstance(event, dict):
            return {}, 'not an object; an event is {"event_type": "view", "product_id": …, "user_id": …}'
        row = {name: _text(event.get(name)) for name in SOURCE_COLUMNS}
        if None in row.values():
            odd = next(name for name, value in row.items() if value is None)
            return {}, f"{odd} is not a single value"
        said = {name: value or "" for name, value in row.items()}
        said["event_time"] = said["event_time"] or now
        self._fill(said)
        problem = fault(said, self._settings.days)
        return (said if said["quantity"] else {name: said[name] for name in RAW_COLUMNS}), problem

    def _fill(self, row: dict[str, str]) -> None:
        """What the catalogue knows of the product where the event says nothing."""
        if any(row[name] for name in _OF_PRODUCT):
            return
        product = self._product(row["product_id"])
        if product is not None:
            row |= {name: _text(getattr(product, name)) or "" for name in _OF_PRODUCT}

    def _ready(self) -> Producer:
        """Asks Kafka first: what is handed over while it is away may be sent minutes later."""
        if self._producer is None:
            self._producer = Producer(
                {
                    "bootstrap.servers": self._settings.kafka, "enable.idempotence": True, "linger.ms": 2,
                    "partitioner": "murmur2_random", "message.timeout.ms": _GIVE_UP_MS, "log_level": 0,
                    "topic.metadata.refresh.interval.ms": 10_000,
                }
            )  # fmt: skip
        try:
            self._producer.list_topics(self._settings.events_topic, timeout=2.0)
        except KafkaException:
            raise ServiceError("Kafka does not answer; nothing was sent. ./lab status says which servers run") from None
        return self._producer

    def _poll(self) -> None:
        if self._producer is None:
            self._polling.stopping.wait(_POLL_S)
        else:
            self._producer.poll(_POLL_S)


class _Waiting:
    """For so many acknowledgements. done: how many failed."""

    def __init__(self, number: int) -> None:
        self._left, self._failed = number, 0
        self.done: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def told(self, loop: asyncio.AbstractEventLoop) -> Callable[[KafkaError | None, Any], None]:
        def told(error: KafkaError | None, _: Any) -> None:
            loop.call_soon_threadsafe(self._one, error)

        return told

    def _one(self, error: KafkaError | None) -> None:
        self._left -= 1
        self._failed += error is not None
        if not self._left and not self.done.done():
            self.done.set_result(self._failed)


def _text(value: Any) -> str | None:
    """None for a list or an object: an event has single values."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return orjson.dumps(value).decode()
