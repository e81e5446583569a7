"""What lies in the topic of dead letters. Grain: one record of an events topic, by that topic's id, its partition and
its offset, however often it was sent there.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from confluent_kafka import Message

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings
from shoplab.streaming.reading import at, between, reader, spans
from shoplab.streaming.sending import Headers

START = 200  # bytes kept of each, to be looked at
_RESENT = "resent"  # the header of a mark: that the letter of this place was sent again


class Place(NamedTuple):
    """Of a record in an events topic. topic: Kafka's id."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}-{self.offset}"


@dataclass(frozen=True)
class Letter:
    """lies: its partition and offset in the topic of dead letters. arrived: in the events topic, ms since 1970. start:
    of its value, of `size` bytes; None of a record without one.
    """

    place: Place
    lies: tuple[int, int]
    arrived: int
    reason: str
    start: bytes | None
    size: int


@dataclass(frozen=True)
class Letters:
    """In the order in which they were sent. resent: places of those that were sent again. is_whole: whether Kafka has
    deleted none.
    """

    all: list[Letter]
    resent: frozenset[Place]
    is_whole: bool

    def at(self, partition: int, offset: int) -> Letter:
        """Where topics that were made anew have one each, the newest. LabError where there is none."""
        for letter in reversed(self.all):
            if letter.place[1:] == (partition, offset):
                return letter
        raise LabError(f"there is no dead letter {partition}-{offset}; those there are: ./lab dead-letters list")


def headers(reason: str, place: Place) -> Headers:
    """Of a letter."""
    said = {"reason": reason, "topic-id": place.topic, "partition": str(place.partition), "offset": str(place.offset)}
    return list(said.items())


def mark(letter: Letter) -> Headers:
    """Of a record that says that a letter was sent again."""
    return [*headers(letter.reason, letter.place), (_RESENT, "yes")]


def read_letters(settings: Settings) -> Letters:
    """Reads the whole topic; there may be none."""
    found: dict[Place, Letter] = {}
    resent = set()
    with reader(settings) as consumer:
        there = spans(consumer, settings.dead_topic)
        for partition, (first, end) in there.items():
            for offset, message in between(consumer, settings.dead_topic, partition, first, end):
                said = said_by(message)
                place = _place(said)
                if place is not None and _RESENT in said:
                    resent.add(place)
                elif place is not None:
                    found.setdefault(place, _letter(place, (partition, offset), said, message))
    return Letters(list(found.values()), frozenset(resent), not any(first for first, _ in there.values()))


def read_records(settings: Settings, letters: Sequence[Letter]) -> Iterator[Message]:
    """The letters themselves, by where they lie. LabError where Kafka has deleted one since."""
    offsets: dict[int, list[int]] = defaultdict(list)
    for partition, offset in sorted(letter.lies for letter in letters):
        offsets[partition].append(offset)
    read = 0
    with reader(settings) as consumer:
        for partition, places in offsets.items():
            for _, message in at(consumer, settings.dead_topic, partition, places):
                yield message
                read += 1
    if read < len(letters):
        raise LabError(f"{len(letters) - read:,} dead letters are no longer there; see ./lab dead-letters list")


def said_by(message: Message) -> dict[str, str]:
    """Its headers as text."""
    found = cast(list[tuple[str, bytes | None]], message.headers() or [])
    return {name: (value or b"").decode(errors="replace") for name, value in found}


def _place(said: dict[str, str]) -> Place | None:
    """None of what somebody else has sent."""
    try:
        return Place(said["topic-id"], int(said["partition"]), int(said["offset"]))
    except (KeyError, ValueError):
        return None


def _letter(place: Place, lies: tuple[int, int], said: dict[str, str], message: Message) -> Letter:
    value = message.value()
    _, arrived = message.timestamp()
    start, size = (None, 0) if value is None else (value[:START], len(value))
    return Letter(place, lies, arrived, said.get("reason", ""), start, size)
