"""`./lab stream --backfill DAY`: what is stored of a day becomes what today's code and rules make of Kafka's records.

All batches that touch the day are done again whole, so that their accounts stay true; and with a batch those whose
events lie in one file with its own.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby

from pyspark.sql import SparkSession

from shoplab.core.frames import SparkCatalog
from shoplab.core.settings import Settings
from shoplab.core.switch import settle_all
from shoplab.metrics.store import MetricStore
from shoplab.streaming.accounts import Accounts, BatchAccount
from shoplab.streaming.audit.again import Again, alone, done_again, within_reach
from shoplab.streaming.audit.files import event_files
from shoplab.streaming.audit.rewrite import Rewrite

Say = Callable[[str], None]
_COUNTED = ("new", "duplicates", "rejected")


def backfill(settings: Settings, spark: SparkSession, store: MetricStore, day: str, say: Say = print) -> bool:
    """Whether all batches with events of the day could be done again. LabError while a stream runs."""
    catalog = SparkCatalog(settings, spark)
    with alone(catalog, settings) as lease:
        settle_all(catalog.storage, catalog.path("events"))
        accounts = list(Accounts(catalog).all())
        here, files = within_reach(settings, accounts), event_files(catalog)
        together, done = _together(accounts, files.values()), _Done(day)
        reached = {account.batch for account in here}
        torn = {together[account.batch] for account in accounts if account.batch not in reached}
        lost = [account for account in accounts if day in account.days and together[account.batch] in torn]
        if lost:
            say(_lost(lost, day))
        rewrite, newest = Rewrite(catalog, store, lease, files), _newest_before(accounts, here)
        again = done_again(settings, catalog, here, _months(here, day)) if here else iter(())
        for place, group in groupby(again, lambda one: together[one.account.batch]):
            batches = list(group)
            before = made = [one.account for one in batches]
            if place not in torn and any(_touches(one, day) for one in batches):
                made = rewrite.batches(batches, newest)
                done.add(before, made)
            newest = made[-1].newest
        done.tell(say)
        return not lost


def _months(accounts: list[BatchAccount], day: str) -> set[str]:
    """Of the batches that touch the day."""
    return {day[:7], *(other[:7] for account in accounts if day in account.days for other in account.days)}


def _together(accounts: Iterable[BatchAccount], files: Iterable[range]) -> dict[int, int]:
    """Batch -> the first one of those that can only be done again with it, as they have a file in common."""
    ranges = sorted([*files, *(range(one.batch, one.batch + 1) for one in accounts)], key=lambda one: one.start)
    found: dict[int, int] = {}
    for batches in ranges:
        first = found.get(batches.start, batches.start)
        found |= dict.fromkeys(batches, first)
    return found


def _newest_before(accounts: list[BatchAccount], here: list[BatchAccount]) -> str:
    """Time of the newest event of the same topic before the first of these."""
    earlier = [one for one in accounts if here and one.topic == here[0].topic and one.batch < here[0].batch]
    return earlier[-1].newest if earlier else ""


def _touches(again: Again, day: str) -> bool:
    """Then or now."""
    return day in again.account.days or day in again.days


def _lost(accounts: list[BatchAccount], day: str) -> str:
    events = sum(account.days[day] for account in accounts)
    return (
        f"Kafka no longer has all records of {len(accounts):,} batches ({accounts[0].batch} to {accounts[-1].batch}):"
        f" their {events:,} events of {day} stay as they are"
    )


class _Done:
    """What a backfill has to say."""

    def __init__(self, day: str) -> None:
        self._day, self._batches, self._changed = day, 0, 0
        self._before, self._now = Counter[str](), Counter[str]()

    def add(self, before: list[BatchAccount], now: list[BatchAccount]) -> None:
        self._batches += len(now)
        self._changed += sum(one != other for one, other in zip(before, now, strict=True))
        for counted, accounts in ((self._before, before), (self._now, now)):
            for one in accounts:
                counted.update(day=one.days.get(self._day, 0), **{name: getattr(one, name) for name in _COUNTED})

    def tell(self, say: Say) -> None:
        say(f"{self._day}: {self._batches:,} batches done again, {self._changed:,} of them changed")
        if self._batches:
            say(f"before: {self._words(self._before)}")
            say(f"now: {self._words(self._now)}")
        if self._changed:
            say("the stream's memory is made from the stored events when it starts next; for users: ./lab analyse")

    def _words(self, counted: Counter[str]) -> str:
        sums = " + ".join(f"{counted[name]:,} {name}" for name in _COUNTED)
        return f"{counted['day']:,} events of the day; in these batches {sums}"
