"""The increments of one model version, one after the other: learned, judged, published, withdrawn."""

import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence

import pyarrow as pa

from shoplab.recommend.model.increment import Increment, apply, nothing
from shoplab.recommend.model.increment_files import KEPT, Increments
from shoplab.recommend.model.recommender import Recommender
from shoplab.streaming.learning.cases import Case
from shoplab.streaming.learning.gate import Paired, paired
from shoplab.streaming.learning.learner import Learner
from shoplab.streaming.learning.prequential import Judged, Window, judge

PUBLISH_S = 30.0  # from one increment to the next

log = logging.getLogger(__name__)


class Line:
    """served: the recommender with the newest increment that was not withdrawn. Goes on from the increment in use."""

    def __init__(self, base: Recommender, increments: Increments, every: float = PUBLISH_S) -> None:
        self.base, self._increments, self._every = base, increments, every
        start = increments.of(base) or nothing(base)
        self.served = apply(base, start) if start.number else base
        self.learner = Learner(base, start)
        self.window = Window()
        self.withdrawn = 0
        self._number = max(start.number, increments.newest(base.version))  # a number has one meaning for ever
        self._batch_served = start.batch
        self._published_at = time.monotonic()
        self._judged: list[Judged] = []  # under the increment in use
        self._good: deque[int] = deque(maxlen=KEPT - 1)  # numbers of those that did not do worse while in use

    def judge(self, cases: Sequence[Case], at: float) -> Paired:
        """To be called with a batch's cases before `learn` with its events. Withdraws an increment that does worse."""
        judged = judge(cases, self.served, self.base, at)
        self.window.add(judged)
        self._judged += judged
        found = paired(self._judged)
        if found.harms:
            self._withdraw(found)
        return found

    def learn(self, batch: int, events: pa.Table, segments: Mapping[str, int]) -> None:
        self.learner.learn(batch, events, segments)
        if time.monotonic() - self._published_at >= self._every:
            self.publish()

    def publish(self) -> None:
        """Does nothing where nothing was learned since the last one."""
        self._published_at = time.monotonic()
        if self.learner.batch > self._batch_served:
            self.take(self.learner.increment(self._number + 1))

    def take(self, increment: Increment) -> None:
        """Publishes it, and goes on with it."""
        served = apply(self.base, increment)
        self._increments.publish(increment)
        if self.served.increment and not paired(self._judged).doubtful:
            self._good.append(self.served.increment)
        self.served, self._number, self._batch_served = served, increment.number, increment.batch
        self._judged = []

    def _withdraw(self, found: Paired) -> None:
        """Back to the newest increment that did not do worse than the model without, else to that; learning goes on
        from there.
        """
        number = self._good.pop() if self._good else 0
        log.warning(
            "increment %s+%d is withdrawn, for it does worse than the model without it: of %d events its lists lost"
            " %d and gained %d (p %.1g); %s goes on",
            self.base.version, self.served.increment, found.cases, found.lost, found.gained, found.p,
            f"increment {number}" if number else "that",
        )  # fmt: skip
        self._increments.point(self.base.version, number)
        start = self._increments.load(self.base.version, number) if number else None
        self.served = apply(self.base, start) if start else self.base
        self.learner = Learner(self.base, start or nothing(self.base))
        self._judged, self._batch_served = [], self.learner.batch
        self.withdrawn += 1
