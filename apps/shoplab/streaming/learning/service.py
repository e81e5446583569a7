"""Learning beside the stream: a batch hands its events over and goes on."""

import datetime as dt
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from shoplab.core.catalog import Catalog
from shoplab.metrics.point import Point
from shoplab.recommend.model.increment_files import Increments
from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.beside import Beside
from shoplab.streaming.learning.cases import Case, Did, sample
from shoplab.streaming.learning.centres import MovingCentres
from shoplab.streaming.learning.line import Line
from shoplab.streaming.learning.points import learning_point, quality_points
from shoplab.streaming.learning.refit import Refit

if TYPE_CHECKING:
    import pandas as pd

    from shoplab.recommend.model.recommender import Recommender
    from shoplab.segments.model import Segmentation
    from shoplab.streaming.models import Models

SHARE = 0.2  # of the time, in which learning may be at work
MOST_WAITING = 300_000  # events, learned from at once when it is their turn; older batches are left out
MOST_CASES, CASES_PER_S = 60, 10.0  # under 64 at a time one thread ranks
PLACED = 50_000  # users whose segment is remembered


class Batch(NamedTuple):
    """A micro-batch: its account, EVENT rows that were new, its users' SEGMENT rows, and USER rows of all the months of
    these users, as `Models.histories` has them.
    """

    account: BatchAccount
    events: pa.Table
    segments: pa.Table
    histories: "pd.DataFrame"

    @property
    def at(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.account.arrived)


class Given(NamedTuple):
    """A batch with the events that lists are judged by, and the models as they were published then."""

    batch: Batch
    cases: list[Case]
    base: "Recommender | None"
    segmentation: "Segmentation | None"


class Learning:
    """One stream's. say: writes points."""

    def __init__(self, catalog: Catalog, say: Callable[[list[Point]], object]) -> None:
        self._settings, self._catalog, self._say = catalog.settings, catalog, say
        self._most_cases = int(min(MOST_CASES, max(1, CASES_PER_S * self._settings.trigger_ms / 1000)))
        self._beside = Beside("learning", 2, SHARE)
        self._waiting: deque[Given] = deque()
        self._changes = Lock()
        self._line: Line | None = None
        self._centres: MovingCentres | None = None
        self._refit = Refit(self._settings)
        self._placed: OrderedDict[str, int] = OrderedDict()
        self._skipped = 0

    def take(self, batch: Batch, models: "Models", before: Callable[[str], Did]) -> None:
        """before: what a user did before the batch; it is asked now, of a few users."""
        if not self._settings.learning or not len(batch.events):
            return
        base = models.recommender
        cases = sample(batch.events, base.feedback, before, self._most_cases, batch.account.batch) if base else []
        with self._changes:
            self._wait(Given(batch, cases, base, models.segmentation))
        self._beside.do(self._work)

    def _wait(self, given: Given) -> None:
        if self._waiting:
            older = self._waiting.pop()
            # Only the newest batch is asked for them, and of a backlog's batches they are half a gigabyte
            self._waiting.append(older._replace(batch=older.batch._replace(histories=older.batch.histories.iloc[:0])))
        self._waiting.append(given)
        while len(self._waiting) > 1 and sum(len(one.batch.events) for one in self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self._skipped += 1

    def served(self, base: "Recommender | None") -> "Recommender | None":
        """The model to answer with: base, or what it has become."""
        line = self._line
        return line.served if line is not None and line.base is base else base

    def segmentation(self, base: "Segmentation | None") -> "Segmentation | None":
        """The segments to place users by: base, or, where that is wanted, with its centres as they have moved."""
        centres = self._centres if self._settings.learn_segments else None
        return centres.served if centres is not None and centres.base is base else base

    def finish(self, seconds: float) -> None:
        """Learns from what is waiting, and publishes it, within so long."""
        self._beside.do(self._publish)
        self._beside.finish(seconds)
        self._refit.stop()

    def _publish(self) -> None:
        """Once it is its turn: the line may be made by what waits before."""
        if self._line is not None:
            self._line.publish()

    def _work(self) -> None:
        """All batches that wait are learned from; the newest one is judged, and moves the centres."""
        with self._changes:
            given = list(self._waiting)
            self._waiting.clear()
        if not given:
            return
        began, newest = time.monotonic(), given[-1]
        if newest.base is not None:
            self._learn(newest.base, newest, [one.batch for one in given])
        if newest.segmentation is not None and not newest.batch.histories.empty:
            self._move(newest.segmentation, newest.batch)
        work_ms = 1000 * (time.monotonic() - began)
        self._say([learning_point({"skipped_batches": self._skipped, "work_ms": work_ms}, newest.batch.at)])

    def _learn(self, base: "Recommender", newest: Given, batches: list[Batch]) -> None:
        line, at = self._line, newest.batch.at
        if line is None or line.base is not base:
            line = self._line = Line(base, Increments(self._catalog))
        found = line.judge([self._as_placed(case) for case in newest.cases], at.timestamp())
        for batch in batches:
            self._place(batch.segments)
        events = pa.concat_tables([batch.events for batch in batches])
        line.learn(newest.batch.account.batch, events, self._placed)
        learner = line.learner
        self._refit.consider(learner.events, learner.unknown)
        fields = {
            "increment": line.served.increment, "withdrawn": line.withdrawn, "refits": self._refit.started,
            "events": learner.events, "unknown_share": learner.unknown / max(1, learner.events),
            "new_products": len(learner.new), "paired": found.cases, "gain": found.gain, "p": found.p,
        }  # fmt: skip
        self._say([*quality_points(line.window.by_segment(), at), learning_point(fields, at)])

    def _move(self, base: "Segmentation", batch: Batch) -> None:
        if self._centres is None or self._centres.base is not base:
            self._centres = MovingCentres(base, self._catalog)
        self._centres.take(batch.histories, batch.at, self._say)

    def _as_placed(self, case: Case) -> Case:
        """As the stream would ask: with the segment it knew."""
        return case._replace(user=case.user._replace(segment=self._placed.get(case.user.user_id)))

    def _place(self, segments: pa.Table) -> None:
        for user, segment in zip(segments["user_id"].to_pylist(), segments["segment"].to_pylist(), strict=True):
            self._placed[user] = segment
            self._placed.move_to_end(user)
        while len(self._placed) > PLACED:
            self._placed.popitem(last=False)
