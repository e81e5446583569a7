"""A batch's work in a thread of its own, so that Spark reads the next batch meanwhile."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from threading import Thread

Work = Callable[[], object]


class ClosedError(Exception):
    """No batch is taken now."""


class Handover:
    """Does what it is given in its order, one at a time, and no more once one has failed."""

    def __init__(self) -> None:
        self._given: SimpleQueue[tuple[Work, Future[object]]] = SimpleQueue()
        self._last: Future[object] = Future()
        self._last.set_result(None)
        self._is_open = True
        Thread(target=self._run, name="batch", daemon=True).start()  # one that hangs does not hold up the process's end

    def free(self) -> None:
        """Waits until what was given is done; raises what it failed with, or ClosedError."""
        self._last.result()
        if not self._is_open:
            raise ClosedError("the query is being stopped; its next one takes this batch")

    def open(self) -> None:
        self._is_open = True

    def close(self) -> None:
        """What is given is done, but nothing is free any more, until it is opened again."""
        self._is_open = False

    def give(self, work: Work) -> None:
        """To be called when it is free."""
        given: Future[object] = Future()
        self._last = given
        self._given.put((work, given))

    def finish(self, seconds: float | None) -> None:
        """Waits until what was given is done or has failed, at most so long."""
        wait([self._last], seconds)

    def failure(self) -> BaseException | None:
        return self._last.exception() if self._last.done() else None

    def _run(self) -> None:
        while True:
            work, given = self._given.get()
            try:
                given.set_result(work())
            except BaseException as error:
                given.set_exception(error)
