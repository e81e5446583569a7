"""Is every event accounted for? What Kafka holds against what the stream took, and that against what lies on HDFS."""

from collections import Counter
from dataclasses import dataclass, field

from shoplab.core.catalog import Catalog
from shoplab.core.kafka import TopicState, topic_state
from shoplab.core.settings import Settings
from shoplab.streaming.accounts import Accounts, BatchAccount
from shoplab.streaming.audit.files import differences
from shoplab.streaming.dead.audit import dead_faults

_COUNTED = ("rows", "new", "duplicates", "rejected", "dead", "late")


@dataclass(frozen=True)
class Balance:
    """Records by where they are. in_kafka: written to the topic, as it is now; accounted = new + duplicates + rejected,
    of the same topic. late: of the new ones; dead: of the rejected, those in the topic of dead letters. waiting: that
    no batch has taken yet. lost: that Kafka deleted before the stream took them. on_hdfs: events in the files of the
    stream's batches, of all topics. faults: what does not close, a line each.
    """

    in_kafka: int
    batches: int
    accounted: int
    new: int
    duplicates: int
    rejected: int
    dead: int
    late: int
    waiting: int
    lost: int
    on_hdfs: int
    faults: list[str] = field(default_factory=list)

    @property
    def closes(self) -> bool:
        return not self.waiting and not self.lost and not self.faults


def waiting(settings: Settings) -> int:
    """Records that no batch has taken yet."""
    topic, newest = topic_state(settings), Accounts(Catalog(settings)).newest()
    return sum(_waiting(topic, newest.ends if newest is not None and newest.topic == topic.id else {}).values())


def _waiting(topic: TopicState, taken: dict[str, int]) -> dict[str, int]:
    """By partition. Of those that Kafka has deleted none waits."""
    return {part: end - max(taken.get(part, 0), topic.firsts[part]) for part, end in topic.ends.items()}


def balance(settings: Settings) -> Balance:
    """Reads the topic's offsets, every batch's account and the files of its events. Needs no Spark."""
    catalog, topic = Catalog(settings), topic_state(settings)
    accounts = list(Accounts(catalog).all())
    here = [account for account in accounts if account.topic == topic.id]
    taken = here[-1].ends if here else {}
    on_hdfs, missing = _on_hdfs(catalog, accounts)
    lost = sum(max(0, first - taken.get(part, 0)) for part, first in topic.firsts.items())
    total = Counter[str]()
    for account in here:
        total.update({name: getattr(account, name) for name in _COUNTED})
    return Balance(
        in_kafka=sum(topic.ends.values()),
        batches=len(here),
        accounted=total["rows"],
        new=total["new"],
        duplicates=total["duplicates"],
        rejected=total["rejected"],
        dead=total["dead"],
        late=total["late"],
        waiting=sum(_waiting(topic, taken).values()),
        lost=lost,
        on_hdfs=on_hdfs,
        faults=[*_gaps(here), *_sums(accounts), *dead_faults(settings, topic.id, here), *missing],
    )


def _gaps(accounts: list[BatchAccount]) -> list[str]:
    """Offsets that were left out or taken twice between one batch and the next, and batches that do not add up to
    theirs.
    """
    ends: dict[str, int] = {}
    found = []
    for account in accounts:
        for part, (first, end) in account.offsets.items():
            if first > ends.get(part, 0):
                found.append(f"partition {part}: offsets {ends.get(part, 0)} to {first - 1} were never taken")
            if first < ends.get(part, 0):
                found.append(f"batch {account.batch} took offsets of partition {part} that an earlier one had taken")
            ends[part] = end
        if sum(end - first for first, end in account.offsets.values()) != account.rows:
            found.append(f"batch {account.batch}: its offsets do not add up to its {account.rows:,} rows")
    return found


def _sums(accounts: list[BatchAccount]) -> list[str]:
    return [
        f"batch {account.batch}: new, duplicates and rejected do not add up to its rows"
        for account in accounts
        if account.rows != account.new + account.duplicates + account.rejected
    ]


def _on_hdfs(catalog: Catalog, accounts: list[BatchAccount]) -> tuple[int, list[str]]:
    """Events in the batches' files, and where they are not as many as accounted for."""
    found = differences(catalog, accounts)
    wanted = {(account.batch, day): events for account in accounts for day, events in account.days.items()}
    faults = [
        f"batch {batch}, {day}: {wanted[batch, day]:,} events were stored, {rows:,} are there"
        for (batch, day), rows in found.gone.items()
    ]
    faults += [f"{path} belongs to no batch that was finished" for path in found.strays]
    return sum((wanted | found.gone).values()), faults
