"""Which of a file's records a replay sends, and in which rounds."""

import datetime as dt
import itertools
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from shoplab.events.rows_python import FIRST, Round, sent_batches
from shoplab.events.sources import SourceFile
from shoplab.events.times import moments

_DAY = dt.timedelta(days=1)


class Rounds:
    """since, until: the times, in UTC and without a zone, from which and before which events are sent. days: the first
    and the last that an event may be of: others make no file longer, and no round goes beyond.

    A later round's events are of as many days later as the file's events span, so that it begins on the day after the
    one before ended. Rows whose time can't be read are sent in the first round only, and never between given times.
    """

    def __init__(
        self, source: SourceFile, since: dt.datetime | None, until: dt.datetime | None, days: tuple[str, str]
    ) -> None:
        self._source, self._since, self._until = source, since, until
        self._first, self._last = (dt.date.fromisoformat(day) for day in days)
        self._begins: dt.date | None = None
        self._ends: dt.date | None = None

    def once(self) -> Iterator[pa.RecordBatch]:
        """RECORDS of the file."""
        for batch in sent_batches(self._source):
            yield self._chosen(batch, FIRST) if self._since or self._until else batch

    def endless(self) -> Iterator[pa.RecordBatch]:
        """Those of round after round, until the next one would go beyond the last day that events may be of, or where
        no event has a time.
        """
        for batch in sent_batches(self._source):
            chosen = self._chosen(batch, FIRST)
            self._learn(chosen)
            yield chosen
        for number in itertools.count(1):
            if self._begins is None or self._ends is None:
                return
            length = (self._ends - self._begins).days + 1
            if self._ends + number * length * _DAY > self._last:
                return
            turn = Round(number, number * length)
            yield from (self._chosen(batch, turn) for batch in sent_batches(self._source, turn))

    def _chosen(self, batch: pa.RecordBatch, turn: Round) -> pa.RecordBatch:
        at, moved = moments(batch.column("time")), turn.days * _DAY
        wanted = pc.is_valid(at) if self._since or self._until or turn.number else pa.repeat(True, batch.num_rows)
        if self._since:
            wanted = pc.and_kleene(wanted, pc.greater_equal(at, pa.scalar(self._since + moved, at.type)))
        if self._until:
            wanted = pc.and_kleene(wanted, pc.less(at, pa.scalar(self._until + moved, at.type)))
        return batch.filter(wanted)

    def _learn(self, batch: pa.RecordBatch) -> None:
        dates = moments(batch.column("time")).cast(pa.date32())
        possible = pc.and_(pc.greater_equal(dates, self._first), pc.less_equal(dates, self._last))
        span = pc.min_max(dates.filter(possible)).as_py()
        if span["min"] is not None:
            self._begins = min(filter(None, (self._begins, span["min"])))
            self._ends = max(filter(None, (self._ends, span["max"])))


def behind(batches: Iterator[pa.RecordBatch], records: int) -> Iterator[pa.RecordBatch]:
    """The same without the first so many records."""
    for batch in batches:
        skipped = min(records, batch.num_rows)
        records -= skipped
        if skipped < batch.num_rows:
            yield batch.slice(skipped)
