"""Batches that were done again take the place of what they were: files of events, rejected rows, points, account."""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from shoplab.core.frames import SparkCatalog
from shoplab.metrics.point import Point, from_json, to_json
from shoplab.metrics.store import MetricStore
from shoplab.streaming.accounts import Accounts, BatchAccount
from shoplab.streaming.audit.again import Again
from shoplab.streaming.audit.points import send_points
from shoplab.streaming.audit.stored import read_events
from shoplab.streaming.dead.sender import DeadLetters
from shoplab.streaming.lease import Lease
from shoplab.streaming.memory import STATE
from shoplab.streaming.points import batch_points
from shoplab.streaming.publish import Publisher
from shoplab.streaming.records import NO_EVENT
from shoplab.streaming.tally import counts, tally

Made = dict[tuple[int, str], pa.Table]  # (batch, day) -> its new events


class Rewrite:
    """Beside no stream. files: path of events -> the batches in it."""

    def __init__(self, catalog: SparkCatalog, store: MetricStore, lease: Lease, files: dict[str, range]) -> None:
        self._catalog, self._store, self._lease, self._files = catalog, store, lease, files
        self._accounts, self._publisher = Accounts(catalog), Publisher(catalog)
        self._dead_letters = DeadLetters(catalog.settings)

    def batches(self, group: Sequence[Again], newest: str) -> list[BatchAccount]:
        """Their accounts as they are now; what is as it was is not written. group: all batches that have files in
        common. newest: before them. Accounts come last: who was cut short begins again.
        """
        lacking, wrong = self._differences(group)
        made = []
        for again in group:
            made.append(self._account(again, newest, bool(lacking or wrong)))
            newest = made[-1].newest
        changed = [pair for pair in zip(group, made, strict=True) if pair[0].account != pair[1]]
        if changed:
            self._catalog.storage.delete(self._catalog.path(*STATE))  # it knows what is no longer there
        self._replace(lacking, wrong)
        for again, account in changed:
            self._write(again, account)
        return made

    def _differences(self, group: Sequence[Again]) -> tuple[Made, list[str]]:
        """Events that lie in no file as they are now, and files that hold others."""
        lacking = {(again.account.batch, day): again.events_of(day) for again in group for day in again.days}
        first, last = group[0].account.batch, group[-1].account.batch
        theirs = [path for path, batches in self._files.items() if first <= batches.start <= last]
        wrong = []
        for path in sorted(theirs, key=lambda path: -len(self._files[path])):  # one of a batch alone is left over then
            here = [place for place in lacking if place[0] in self._files[path] and f"/date={place[1]}/" in path]
            if here and _same(read_events(self._catalog, path), pa.concat_tables(lacking[place] for place in here)):
                lacking = {place: rows for place, rows in lacking.items() if place not in here}
            else:
                wrong.append(path)
        return lacking, wrong

    def _account(self, again: Again, newest: str, is_other: bool) -> BatchAccount:
        """is_other: whether its files are. What was measured when the batch ran stays."""
        before, counted = again.account, tally(again.rows, again.taken.events, newest)
        now = replace(before, dead=self._dead(again), **counts(len(again.rows), again.taken, counted))
        if now == before and not is_other:
            return before
        points = batch_points(now, counted, pa.table({"segment_name": pa.array([], pa.string())}), {})
        return replace(now, attempt=before.attempt + 1, points=_joined(before.points, points))

    def _dead(self, again: Again) -> int:
        """Those that were sent are there still, events by now or not."""
        bad, sent = again.rejected, again.account.dead
        more = pc.sum(pc.equal(bad["reason"], NO_EVENT)).as_py() or 0
        return max(sent, self._dead_letters.send(again.account.topic, bad)) if more > sent else sent

    def _replace(self, lacking: Made, wrong: list[str]) -> None:
        written = {self._publisher.write_events(batch, day, rows) for (batch, day), rows in lacking.items()}
        for path in set(wrong) - written:
            self._catalog.storage.delete(path)

    def _write(self, again: Again, account: BatchAccount) -> None:
        if len(again.rejected):
            self._publisher.write_rejected(account.batch, again.rejected)
        else:
            self._publisher.delete_rejected(account.batch)
        send_points(self._catalog, self._store, [account])
        self._lease.check()
        self._accounts.write(account)


def _same(stored: pa.Table, made: pa.Table) -> bool:
    """Whether the rows are, in whatever order."""
    made = made.select(stored.column_names)
    order = [(name, "ascending") for name in made.column_names]
    return bool(stored.cast(made.schema, safe=False).sort_by(order).equals(made.sort_by(order)))


def _joined(before: str, now: list[Point]) -> str:
    """The points as they are now, and of before what is not made again: how large the segments were."""
    fields = {(one.measurement, *sorted(one.tags.items())): one.fields for one in from_json(before.encode())}
    kept = [one for one in from_json(before.encode()) if one.measurement == "segment_size"]
    made = [
        replace(one, fields=fields.get((one.measurement, *sorted(one.tags.items())), {}) | one.fields) for one in now
    ]
    return to_json([*made, *kept]).decode()
