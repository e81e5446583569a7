"""Learning beside the stream: a batch hands its events over and goes on."""

import datetime as dt
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

import pyarrow as pa

from shoplab.core.catalog import Catalog
from shoplab.metrics.point import Point
from shoplab.recommend.model.increment_files import Increments
from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.beside import Beside
from shoplab.streaming.learning.cases import Case, Did, sample
from shoplab.streaming.learning.line import Line
from shoplab.streaming.learning.points import learning_point, quality_points

if TYPE_CHECKING:
    from shoplab.recommend.model.recommender import Recommender

SHARE = 0.2  # of one core's time that learning may take
MOST_REST_S = 30.0
MOST_WAITING = 3  # batches; older ones are left out
MOST_CASES, CASES_PER_S = 100, 10.0
PLACED = 50_000  # users whose segment is remembered


class Learning:
    """One stream's. say: writes points."""

    def __init__(self, catalog: Catalog, say: Callable[[list[Point]], object]) -> None:
        settings = catalog.settings
        self._on, self._say = settings.learning, say
        self._most_cases = int(min(MOST_CASES, max(1, CASES_PER_S * settings.trigger_ms / 1000)))
        self._increments = Increments(catalog)
        self._beside = Beside("learning", MOST_WAITING)
        self._hurry = Event()
        self._line: Line | None = None
        self._placed: OrderedDict[str, int] = OrderedDict()
        self._given = self._begun = self._skipped = 0

    def take(
        self, account: BatchAccount, events: pa.Table, segments: pa.Table, base: "Recommender | None",
        before: Callable[[str], Did],
    ) -> None:  # fmt: skip
        """A batch's EVENT rows that were new, and its users' SEGMENT rows. before: what a user did before the batch; it
        is asked now, of a few users.
        """
        if not self._on or base is None or not len(events):
            return
        self._hurry.clear()
        self._given += 1
        cases = sample(events, base.feedback, before, self._most_cases, account.batch)
        self._beside.do(partial(self._work, self._given, account, cases, events, segments, base))

    def served(self, base: "Recommender | None") -> "Recommender | None":
        """The model to answer with: base, or what it has become."""
        line = self._line
        return line.served if line is not None and line.base is base else base

    def finish(self, seconds: float) -> None:
        """Learns from what is waiting, and publishes it, within so long."""
        self._hurry.set()
        if self._line is not None:
            self._beside.do(self._line.publish)
        self._beside.finish(seconds)

    def _work(
        self, place: int, account: BatchAccount, cases: list[Case], events: pa.Table, segments: pa.Table,
        base: "Recommender",
    ) -> None:  # fmt: skip
        began = time.monotonic()
        self._skipped += place - self._begun - 1
        self._begun = place
        if self._line is None or self._line.base is not base:
            self._line = Line(base, self._increments)
        at = dt.datetime.fromisoformat(account.arrived)
        found = self._line.judge([self._as_placed(case) for case in cases], at.timestamp())
        self._place(segments)
        self._line.learn(account.batch, events, self._placed)
        taken = time.monotonic() - began
        learner = self._line.learner
        fields = {
            "increment": self._line.served.increment, "events": learner.events, "skipped_batches": self._skipped,
            "unknown_share": learner.unknown / max(1, learner.events), "new_products": len(learner.new),
            "paired": found.cases, "gain": found.gain, "p": found.p, "withdrawn": self._line.withdrawn,
            "work_ms": 1000 * taken,
        }  # fmt: skip
        self._say([*quality_points(self._line.window.by_segment(), at), learning_point(fields, at)])
        self._hurry.wait(min(MOST_REST_S, taken * (1 / SHARE - 1)))

    def _as_placed(self, case: Case) -> Case:
        """As the stream would ask: with the segment it knew."""
        return case._replace(user=case.user._replace(segment=self._placed.get(case.user.user_id)))

    def _place(self, segments: pa.Table) -> None:
        for user, segment in zip(segments["user_id"].to_pylist(), segments["segment"].to_pylist(), strict=True):
            self._placed[user] = segment
            self._placed.move_to_end(user)
        while len(self._placed) > PLACED:
            self._placed.popitem(last=False)
