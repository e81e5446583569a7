"""Work beside the stream's data path: metrics, recommendations, pruning. It never holds a batch up, nor ends it."""

import logging
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread

log = logging.getLogger(__name__)

Work = Callable[[], object]


class Beside:
    """Does one kind of work in the order it comes, in a thread. most: how much may wait; the oldest goes when more
    comes.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._waiting: deque[Work] = deque(maxlen=most)
        self._busy = False
        self._changed = Condition()
        Thread(target=self._run, name=name, daemon=True).start()

    def do(self, work: Work) -> None:
        with self._changed:
            self._waiting.append(work)
            self._changed.notify_all()

    def finish(self, seconds: float) -> None:
        """Waits until all is done, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._busy, seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                work, self._busy = self._waiting.popleft(), True
            try:
                work()
            except Exception as error:
                log.warning("the stream's %s failed: %s", self._name, error)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
