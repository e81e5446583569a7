"""A topic and a data root of a test's own, on the running lab."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from shoplab.core.catalog import Catalog
from shoplab.core.kafka import empty_topic
from shoplab.core.settings import Settings
from shoplab.streaming.reading import between, reader, spans


@contextmanager
def own_topic(lab: Settings, name: str, home: Path) -> Iterator[Settings]:
    """Empty at the start; what the stream wrote goes at the end."""
    settings = replace(lab, data_root=f"/{name}", events_topic=f"{name}-events", home=home)
    empty_topic(settings)
    yield settings
    Catalog(settings).storage.delete(settings.data_root)


def values(settings: Settings, topic: str = "") -> list[bytes | None]:
    """Of all records of a topic, by default of the events."""
    topic = topic or settings.events_topic
    with reader(settings) as consumer:
        return [
            message.value()
            for partition, (first, end) in spans(consumer, topic).items()
            for _, message in between(consumer, topic, partition, first, end)
        ]
