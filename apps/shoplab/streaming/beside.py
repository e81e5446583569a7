"""Work beside the stream's data path: metrics, learning, pruning. It never holds a batch up, nor ends it."""

import logging
import time
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread

log = logging.getLogger(__name__)

Work = Callable[[], object]


class Beside:
    """Does one kind of work in the order it comes, in a thread. most: how much may wait; the oldest goes when more
    comes. share: of the time, for which it works at most; it rests for the others, of which batches need the cores.
    """

    def __init__(self, name: str, most: int, share: float = 1.0) -> None:
        self._name, self._share = name, share
        self._waiting: deque[Work] = deque(maxlen=most)
        self._busy = self._hurries = False
        self._changed = Condition()
        Thread(target=self._run, name=name, daemon=True).start()

    def do(self, work: Work) -> None:
        with self._changed:
            self._waiting.append(work)
            self._changed.notify_all()

    def finish(self, seconds: float) -> None:
        """Waits until all is done, at most so long; nobody rests meanwhile."""
        with self._changed:
            self._hurries = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._waiting and not self._busy, seconds)
            self._hurries = False

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                work, self._busy = self._waiting.popleft(), True
            started = time.monotonic()
            try:
                work()
            except Exception as error:
                log.warning("the stream's %s failed: %s", self._name, error)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
                    rest = (time.monotonic() - started) * (1 / self._share - 1)
                    self._changed.wait_for(lambda: self._hurries, rest)
