"""Several processes that answer on one port, and one that keeps their bundles and starts anew whoever dies."""

import logging
import os
import signal
import time
from collections.abc import Callable
from types import FrameType

RETRY_S = 1.0
PATIENCE_S = 10.0  # for a process to end what it answers

log = logging.getLogger(__name__)


class Workers:
    """serve: what a worker does, with its number from 1; it returns when it is told to end by SIGTERM or SIGINT."""

    def __init__(self, count: int, serve: Callable[[int], None]) -> None:
        self._count, self._serve = count, serve
        self._running: dict[int, int] = {}  # process -> number
        self._ending = False

    def run(self, beside: Callable[[], None], every: float) -> None:
        """Until SIGTERM or SIGINT. beside: done again and again by this process, all in one thread: what forks must
        have no other.
        """
        for number in range(1, self._count + 1):
            self._start(number)
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        while not self._ending:
            beside()
            until = time.monotonic() + every
            while not self._ending and time.monotonic() < until:
                self._look_after()
                time.sleep(0.05)
        self._stop()

    def _start(self, number: int) -> None:
        process = os.fork()
        if process:
            self._running[process] = number
            return
        code = 1
        try:
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            self._serve(number)
            code = 0
        except KeyboardInterrupt:
            code = 0
        except BaseException:
            log.exception("worker %d of the API ended", number)
        finally:
            os._exit(code)  # not what the parent would do at its end

    def _look_after(self) -> None:
        for process, number in list(self._running.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended and not self._ending:
                log.warning("worker %d of the API died (%d); another takes its place", number, status)
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
