"""Work beside the stream's data path: metrics, recommendations, pruning. It never holds a batch up, nor ends it."""

import logging
import time
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread

log = logging.getLogger(__name__)

Work = Callable[[], object]


class Beside:
    """Does one kind of work in the order it comes, in a thread. most: how much may wait; the oldest goes when more
    comes, and is counted.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most
        self._waiting: deque[Work] = deque()
        self._busy, self.dropped = False, 0
        self._changed = Condition()
        Thread(target=self._run, name=name, daemon=True).start()

    def do(self, work: Work) -> None:
        with self._changed:
            self._waiting.append(work)
            while len(self._waiting) > self._most:
                self._waiting.popleft()
                self.dropped += 1
            self._changed.notify_all()

    def finish(self, seconds: float) -> bool:
        """Waits until all is done, at most so long. False where something is left."""
        until = time.monotonic() + seconds
        with self._changed:
            while self._waiting or self._busy:
                if not self._changed.wait(max(0.0, until - time.monotonic())) and time.monotonic() >= until:
                    return False
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                work, self._busy = self._waiting.popleft(), True
            try:
                work()
            except Exception as error:
                log.warning("the stream's %s failed: %s", self._name, error)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
