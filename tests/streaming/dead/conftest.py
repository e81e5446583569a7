"""A lab whose stream has met records of all kinds that are no events."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from confluent_kafka import KafkaError, Producer
from pyspark.sql import SparkSession

from shoplab.core.settings import Settings
from shoplab.events.wire import encode
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.job import BatchFailedError, LiveJob
from tests.data import raw_line
from tests.streaming.conftest import drain
from tests.streaming.topics import own_topic

COLUMNS = ("event_time", "event_type", "product_id", "category_id", "category_code", "brand", "price", "user_id",
           "user_session")  # fmt: skip
EVERY_BYTE = bytes(range(256))
LONG = b"\xff" + b"x" * 1_048_100  # with its key as long as Kafka takes a record
DEAD = [EVERY_BYTE, LONG, None, b"", b"not json", b'{"a": 1}{"b": 2}', b"[1]", b'{"schema": 2, "what": "view"}']
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
Record = tuple[bytes | None, bytes | None]  # key, value


def event(product: str, **more: str) -> bytes:
    row = dict(zip(COLUMNS, raw_line(time="2019-11-01 12:00:00 UTC", product=product).split(","), strict=True))
    return encode(row | more)[1]


def produce(settings: Settings, records: list[Record], partition: int = 0, codec: str = "none") -> None:
    """As another program would."""
    options = {"bootstrap.servers": settings.kafka, "compression.type": codec, "message.max.bytes": 2 << 20}
    producer, refused = Producer(options), []

    def told(error: KafkaError | None, _: object) -> None:
        refused.extend([error] if error else [])

    for key, value in records:
        producer.produce(settings.events_topic, value, key, partition=partition, on_delivery=told)
    assert (producer.flush(30), refused) == (0, [])


@dataclass(frozen=True)
class Met:
    settings: Settings
    account: BatchAccount


@pytest.fixture(scope="module")
def met(lab: Settings, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Met]:
    """DEAD in partition 0, between events; the stream dies between sending the dead letters and writing its account,
    and is started again.
    """
    with own_topic(lab, "dead", tmp_path_factory.mktemp("dead")) as settings:
        produce(settings, [(EVERY_BYTE, value) for value in DEAD])
        for number, codec in enumerate(CODECS):
            good = [(None, event(f"{codec}-{n}", extra="x" * n)) for n in range(20)]
            produce(
                settings,
                [*good, (b"7", event(f"{codec}-long", brand="b" * 900_000)), (None, b"junk")],
                number % 3,
                codec,
            )
        store, accounts = EmbeddedStore(settings.home / "metrics.db"), list[BatchAccount]()
        with pytest.MonkeyPatch.context() as patch:
            dying = LiveJob(settings, store)
            patch.setattr(dying.accounts, "write", _dies)
            with pytest.raises(BatchFailedError, match="killed"):
                drain(settings, spark, dying)
        drain(settings, spark, LiveJob(settings, store, accounts.append))
        [account] = accounts
        yield Met(settings, account)


def _dies(account: BatchAccount) -> None:
    raise RuntimeError("killed before the account")
