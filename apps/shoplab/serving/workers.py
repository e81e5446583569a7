"""Processes that answer on one port, one that keeps their bundles, and one that starts anew whoever dies."""

import logging
import os
import signal
import time
from collections.abc import Callable
from threading import Thread
from types import FrameType

KEEPER, _LOWER = 0, 10
RETRY_S = 1.0
PATIENCE_S = 10.0  # for a process to end what it answers

log = logging.getLogger(__name__)


class Workers:
    """serve: what a worker does, with its number from 1; keep: what the one beside them does, at a lower priority. Both
    return when they are told to end by SIGTERM or SIGINT.
    """

    def __init__(self, count: int, serve: Callable[[int], None], keep: Callable[[], None]) -> None:
        self._count, self._serve, self._keep = count, serve, keep
        self._running: dict[int, int] = {}  # process -> number, KEEPER for the one that keeps
        self._ending = False

    def run(self) -> None:
        """Until SIGTERM or SIGINT. This process does nothing itself: who forks must have no threads."""
        for number in range(self._count + 1):
            self._start(number)
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        while not self._ending:
            self._look_after()
            time.sleep(0.05)
        self._stop()

    def _start(self, number: int) -> None:
        parent = os.getpid()
        process = os.fork()
        if process:
            self._running[process] = number
            return
        code = 1
        try:
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            Thread(target=_end_with, args=(parent,), name="orphan", daemon=True).start()
            self._do(number)
            code = 0
        except KeyboardInterrupt:
            code = 0
        except BaseException:
            log.exception("process %d of the API ended", number)
        finally:
            os._exit(code)  # not what the parent would do at its end

    def _do(self, number: int) -> None:
        if number == KEEPER:
            os.nice(_LOWER)  # to make a bundle takes a core for seconds
            self._keep()
        else:
            self._serve(number)

    def _look_after(self) -> None:
        for process, number in list(self._running.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended and not self._ending:
                log.warning("process %d of the API died (%d); another takes its place", number, status)
                del self._running[process]
                time.sleep(RETRY_S)
                self._start(number)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._ending = True

    def _stop(self) -> None:
        for process in self._running:
            os.kill(process, signal.SIGTERM)
        until = time.monotonic() + PATIENCE_S
        for process in self._running:
            while not os.waitpid(process, os.WNOHANG)[0]:
                if time.monotonic() > until:
                    os.kill(process, signal.SIGKILL)
                time.sleep(0.02)


def _end_with(parent: int) -> None:
    """Ends this process when its parent is gone: who was killed could tell nobody."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)
