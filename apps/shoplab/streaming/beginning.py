"""Where a stream goes on: Kafka's offsets, the number of the next batch, and the checkpoint that belongs to them.

Spark numbers batches from 0 with every checkpoint. The lab's numbers go on, so that a batch has one name for ever: what
was there when a checkpoint was made stands in it.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from shoplab.core.catalog import Catalog
from shoplab.core.kafka import topic_state
from shoplab.core.settings import Settings
from shoplab.streaming.accounts import Accounts, BatchAccount

_FIRST = "shoplab.json"


@dataclass(frozen=True)
class Beginning:
    """checkpoint: path. first: the lab's number of Spark's batch 0; next: that of the first one that is not accounted
    for. ends: partition -> first offset that no finished batch has taken. offsets: where Spark's source began with this
    checkpoint. topic: Kafka's id. newest: time of the newest event taken from it, "" before the first. said: what a
    user should know, or "".
    """

    checkpoint: str
    first: int
    next: int
    ends: dict[str, int]
    offsets: str
    topic: str
    newest: str
    said: str = ""


def beginning(settings: Settings, catalog: Catalog) -> Beginning:
    """Looks at the topic, the accounts and the checkpoint; makes a new checkpoint where the old one can't go on."""
    topic, last = topic_state(settings), Accounts(catalog).newest()
    checkpoint = _checkpoint(settings, catalog, topic.id)
    known = last if last is not None and last.topic == topic.id else None
    taken = known.ends if known else {}
    newest = known.newest if known else ""
    ends = {part: max(first, taken.get(part, 0)) for part, first in topic.firsts.items()}
    following = last.batch + 1 if last else 0
    lost = sum(end - taken.get(part, 0) for part, end in ends.items())  # deleted by Kafka before they were taken
    there = None if lost else _first(settings, catalog, checkpoint, following, taken)
    if there:
        return Beginning(checkpoint, there["first"], following, ends, there["offsets"], topic.id, newest)
    is_gone = not catalog.storage.exists(f"{checkpoint}/{_FIRST}")
    catalog.storage.delete(checkpoint)
    offsets = orjson.dumps({settings.events_topic: ends}).decode()
    catalog.storage.write_json(f"{checkpoint}/{_FIRST}", {"first": following, "offsets": offsets})
    said = _words(lost, last, known, is_gone)
    return Beginning(checkpoint, following, following, ends, offsets, topic.id, newest, said)


def checkpoint_of(settings: Settings, catalog: Catalog) -> str:
    """Path of the checkpoint that a stream of the topic as it is now has."""
    return _checkpoint(settings, catalog, topic_state(settings).id)


def _first(
    settings: Settings, catalog: Catalog, checkpoint: str, following: int, taken: dict[str, int]
) -> dict[str, Any] | None:
    """What was there when the checkpoint was made. None where it does not go on just behind the last account, as none
    does that is another query's, older or newer: the accounts say what was taken.
    """
    storage = catalog.storage
    begun, ended = (
        [int(name) for name in storage.names(f"{checkpoint}/{part}") if name.isdigit()]
        for part in ("offsets", "commits")
    )
    if not begun or not storage.exists(f"{checkpoint}/{_FIRST}"):
        return None
    said: dict[str, Any] = storage.read_json(f"{checkpoint}/{_FIRST}")
    last = following - 1 - said["first"]  # by Spark's numbers
    if max(begun) > last + 1 or max(ended, default=-1) > last or (last >= 0 and last not in begun):
        return None
    if last >= 0:
        there = orjson.loads(storage.read(f"{checkpoint}/offsets/{last}").splitlines()[-1])
        return said if there.get(settings.events_topic) == taken else None
    return said


def _checkpoint(settings: Settings, catalog: Catalog, topic: str) -> str:
    return catalog.path("temp", "checkpoints", settings.events_topic, topic)


def _words(lost: int, last: BatchAccount | None, known: BatchAccount | None, is_gone: bool) -> str:
    """A checkpoint that is there and not just behind the last account is none to tell of: after a kill Spark may have
    begun the batch after the one that is done again.
    """
    if lost:
        return (
            f"Kafka has deleted {lost:,} records before the stream took them (see ./lab verify); it goes on behind them"
        )
    if last and not known:
        return "the topic was made anew; the stream begins at its start"
    return "the checkpoint was gone; the stream goes on where the last account ends" if last and is_gone else ""
