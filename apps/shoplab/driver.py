"""The Spark driver that the embedded lab keeps: `python -m shoplab.driver` runs the commands that are handed to it, one
after the other, with one session. What they say to each other: lab.embedded.driver.
"""

import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

import orjson
import psutil

from shoplab import cli
from shoplab.core import console, private, signals
from shoplab.core.lock import locked
from shoplab.core.settings import Settings, load_settings
from shoplab.core.spark import keep_spark
from shoplab.lab.embedded.driver import BUSY, MOST, OTHER, SOCKET, TAKEN, is_short, made_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_UNSURE = (1, 130)  # exit codes of commands that fell or were ended: nobody knows what they left behind
_MOST_LEFT = 1 << 30  # bytes of this process that a command may leave behind
_LOOKS_S = 5.0  # how often it looks whether memory is short
_ASKS_S = 5.0  # for a request to come in whole


@dataclass
class Work:
    """A command on its way. files: its input, output and error output, and its folder."""

    connection: socket.socket
    request: dict[str, Any]
    files: list[int]


class Desk:
    """Takes requests in, in threads of its own, and says at once who has to go elsewhere. Whoever has `_free` has the
    session; who ends this driver keeps it.
    """

    def __init__(self, settings: Settings) -> None:
        self._made_of = made_of(settings)
        self._free, self._turn = threading.Lock(), threading.Lock()
        self._waiting: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self.now: Work | None = None

    def open(self, listener: socket.socket) -> None:
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def next(self, patience_s: float) -> Work | None:
        """The next command; None where none came for so long, or one of other code or settings, or where others need
        the memory.
        """
        until = time.monotonic() + patience_s
        while time.monotonic() < until and not is_short():
            with suppress(queue.Empty):
                self.now = self._waiting.get(timeout=min(patience_s, _LOOKS_S))
                return self.now
        self.now = None if self._free.acquire(blocking=False) else self._waiting.get()
        return self.now

    def done(self, work: Work, code: int, *, more: bool) -> None:
        with self._turn:
            self.now = None
        with suppress(OSError):
            work.connection.sendall(bytes([code]))
        work.connection.close()
        if more:
            self._free.release()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self._take, args=(connection,), daemon=True).start()

    def _take(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError):
            work = _received(connection)
            if work is None or not self._free.acquire(blocking=False):
                _close(work)
                connection.sendall(BUSY)
            elif work.request["made_of"] != self._made_of:
                _close(work)
                connection.sendall(OTHER)
                self._waiting.put(None)
                return  # it waits until the connection ends with us
            else:
                self._waiting.put(work)
                connection.sendall(TAKEN)
                self._end_with_its_user(work)
                return
        connection.close()

    def _end_with_its_user(self, work: Work) -> None:
        """Who says something now, or goes away, wants the command to end."""
        with suppress(OSError):
            work.connection.recv(1)
        with self._turn:
            if self.now is work:
                os.kill(os.getpid(), signal.SIGINT)


def _close(work: Work | None) -> None:
    """Of a command that runs elsewhere: who reads its output waits until nobody has it any more."""
    for file in work.files if work else ():
        os.close(file)


def _received(connection: socket.socket) -> Work | None:
    """None where nobody asks for anything: somebody looked whether we listen."""
    connection.settimeout(_ASKS_S)
    head, files, _, _ = socket.recv_fds(connection, 4, 4)
    if len(head) != 4 or len(files) != 4 or (size := int.from_bytes(head, "little")) > MOST:
        return None
    content = bytearray()
    while len(content) < size and (part := connection.recv(size - len(content))):
        content += part
    connection.settimeout(None)
    return Work(connection, orjson.loads(content), files)


def main() -> None:
    """Until nobody has come for a while, or until what a command left behind is better given up."""
    private.keep_private()
    settings = load_settings()
    with locked(settings.run_dir / "driver.lock", _leave), _listening(settings) as listener:
        desk = Desk(settings)
        with signals.handled({signal.SIGTERM: _leave}), keep_spark(settings) as session:
            desk.open(listener)
            _serve(desk, session, settings.keep_spark_s)


def _leave(*_: object) -> None:
    sys.exit(0)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """Before Spark is there: commands wait for it then."""
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(settings.run_dir)  # of a whole path a socket takes some hundred letters at most
        with suppress(FileNotFoundError):
            os.unlink(SOCKET)  # noqa: PTH108 - relative, as bound
        listener.bind(SOCKET)
        listener.listen()
        try:
            yield listener
        finally:
            (settings.run_dir / SOCKET).unlink(missing_ok=True)


def _serve(desk: Desk, session: "SparkSession", patience_s: float) -> None:
    def interrupted(number: int, frame: FrameType | None) -> None:
        if desk.now:
            session.sparkContext.cancelAllJobs()
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupted)  # PySpark has put its own there
    while work := desk.next(patience_s):
        code = _run(work)
        more = code not in _UNSURE and psutil.Process().memory_info().rss < _MOST_LEFT
        desk.done(work, code, more=more)
        if not more:
            return


def _run(work: Work) -> int:
    """Its exit code."""
    try:
        with _in_its_place(work):
            return cli.run(work.request["words"])
    except KeyboardInterrupt:
        return 130


@contextmanager
def _in_its_place(work: Work) -> Iterator[None]:
    """With the command's input and output, folder, environment and umask, as in the process that its user started."""
    ours, environment = [os.dup(number) for number in range(3)], dict(os.environ)
    streams = sys.stdin, sys.stdout, sys.stderr
    here = os.open(".", os.O_RDONLY)
    try:
        for number, file in enumerate(work.files[:3]):
            os.dup2(file, number)
        os.fchdir(work.files[3])
        _set_environment(work.request["environment"])
        encodings = work.request["encodings"]
        sys.stdin, sys.stdout, sys.stderr = (_stream(number, encodings[number]) for number in range(3))
        console.fit()
        with private.of_caller(work.request["umask"]):
            yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # nobody reads any more
                stream.flush()
        sys.stdin, sys.stdout, sys.stderr = streams
        for number, file in enumerate(ours):
            os.dup2(file, number)
        os.fchdir(here)
        _set_environment(environment)
        for file in (*ours, *work.files, here):
            os.close(file)


def _set_environment(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _stream(number: int, encoding: str) -> Any:
    return open(number, "w" if number else "r", encoding=encoding, errors="backslashreplace" if number == 2 else None,
                buffering=1 if os.isatty(number) else -1, closefd=False)  # fmt: skip


if __name__ == "__main__":
    main()
