"""A file of events -> Kafka, in the file's order, at a chosen rate or a multiple of the shop's own speed."""

import datetime as dt
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.kafka import topic_state
from shoplab.core.settings import Settings
from shoplab.core.signals import ENDING, handled
from shoplab.events.rows_python import columns
from shoplab.events.sources import SourceFile
from shoplab.events.times import moment
from shoplab.streaming.progress import Progress, ProgressFile
from shoplab.streaming.rounds import Rounds, behind
from shoplab.streaming.sending import Sending, producer

BURST_S = 0.1  # how often the pace is checked
SETTLE_S = 2.0  # how often Kafka's acknowledgement of all that was sent is waited for, and written down
TOLD_EVERY = 10_000  # events

Sent = tuple[str, bytes, bytes]  # an event's time, the record's key and value: see rows_python.Record


@dataclass(frozen=True)
class Selection:
    """Which of a file's events are sent. since, until: the times, in UTC and without a zone, from which and before
    which; loop: again from the beginning, of later days (see `rounds`); resume: go on where the last replay of the same
    file and selection stopped; limit: so many at most.
    """

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    loop: bool = False
    resume: bool = False
    limit: int | None = None


ALL = Selection()


@dataclass(frozen=True)
class ReplaySummary:
    """events: sent and acknowledged, by this replay. seconds: from first to last. before: sent by those that it goes
    on from. said: what a user should know, or "".
    """

    file: str
    events: int
    seconds: float
    before: int = 0
    said: str = ""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds if self.seconds else 0.0


def replay(
    settings: Settings,
    source: SourceFile,
    rate: float | None = None,
    speed: float | None = None,
    selection: Selection = ALL,
    progress: Callable[[int], None] = lambda _: None,
) -> ReplaySummary:
    """Sends the rows as they are: the stream finds and reports bad ones. rate, speed: see `paced`. Events of one user
    keep their order (the key is user_id). LabError where there is nothing to send.
    """
    sending = Sending(producer(settings, settings.events_topic), settings.events_topic)
    told = ProgressFile(settings, source.sha256, source.mapping, selection.since, selection.until, selection.loop)
    begun, said = _begun(source, topic_state(settings).id, selection, told)
    rounds = Rounds(source, selection.since, selection.until, settings.days)
    batches = behind(rounds.endless() if selection.loop else rounds.once(), begun.records)
    records = itertools.chain.from_iterable(zip(*columns(batch), strict=True) for batch in batches)
    started = time.monotonic()
    with handled(dict.fromkeys(ENDING, sending.interrupt)):
        _send(sending, paced(itertools.islice(records, selection.limit), rate, speed), told, begun, progress)
    reached = begun.records + sending.sent
    if not reached:
        raise LabError(_nothing(source, selection))
    is_end = selection.limit is None or sending.sent < selection.limit
    told.write(replace(begun, records=reached, whole=is_end))
    if is_end and selection.loop:
        said = f"the next round would be of after {settings.days[1]} (SHOPLAB_LAST_DAY)"
    return ReplaySummary(source.path.name, sending.sent, time.monotonic() - started, begun.records, said)


def _begun(source: SourceFile, topic: str, selection: Selection, told: ProgressFile) -> tuple[Progress, str]:
    """What is sent already, and what to say of it."""
    start, known = Progress(source.path.name, topic, 0, False), told.read() if selection.resume else None
    if known is not None and known.topic == topic:
        return known, "all of it was sent before" if known.whole else f"went on behind {known.records:,} events"
    told.forget()  # what another replay of it left, whatever becomes of this one
    if not selection.resume:
        return start, ""
    why = "the topic was made anew" if known else "no earlier replay of it, with the same options, is known"
    return start, f"began at the beginning: {why}"


def _nothing(source: SourceFile, selection: Selection) -> str:
    if selection.since or selection.until:
        return f"{source.path} has no events between these times; look at its first lines, or leave out --from and --to"
    return f"{source.path} has no rows, only a header"


def _send(
    sending: Sending, records: Iterator[Sent], told: ProgressFile, begun: Progress, progress: Callable[[int], None]
) -> None:
    """Returns when Kafka has acknowledged all. What is written down is never ahead of that."""

    def settle() -> None:
        sending.settle()
        told.write(replace(begun, records=begun.records + sending.sent))

    due = time.monotonic() + SETTLE_S
    try:
        for _, key, value in records:
            sending.send(key, value)
            if time.monotonic() > due:
                settle()
                due = time.monotonic() + SETTLE_S
            if sending.sent % TOLD_EVERY == 0:
                progress(sending.sent)
                sending.check()
        sending.settle()
    except KeyboardInterrupt:
        settle()
        raise
    except ServiceError as error:
        raise ServiceError(f"{error}; see ./lab status, then replay again with --resume") from None
    progress(sending.sent)


def paced(records: Iterator[Sent], rate: float | None, speed: float | None) -> Iterator[Sent]:
    """The same records, held back to the rate (records a second) or to the events' own times divided by speed (60 plays
    an hour of the shop in a minute); neither: as fast as they are taken.
    """
    return records if rate is None and speed is None else _held_back(records, rate, speed)


def _held_back(records: Iterator[Sent], rate: float | None, speed: float | None) -> Iterator[Sent]:
    started = time.monotonic()
    first: dt.datetime | None = None
    due = 0.0
    for number, record in enumerate(records):
        if rate is not None:
            due = number / rate
        elif (at := moment(record[0])) is not None and speed is not None:
            first = at if first is None else first
            due = (at - first).total_seconds() / speed
        ahead = due - (time.monotonic() - started)
        if ahead > BURST_S:
            time.sleep(ahead)
        yield record
