"""`./lab stream` as a service: the stream in a process of its own, started again whatever ended it.

The stream's own accounts and checkpoint say where it goes on. Who killed the supervisor finds no stream left either:
it ends when its standard input does.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from threading import Thread

from shoplab.core.errors import LabError
from shoplab.core.kafka import topic_problem
from shoplab.core.settings import Settings
from shoplab.core.signals import handled
from shoplab.core.storage import Storage

PAUSES_S = (1.0, 2.0, 5.0, 10.0, 20.0)  # before the next start, longer after each one that came to nothing
_LOOK_S = 2.0
_SUPERVISED = "SHOPLAB_SUPERVISED"
# What a large batch took goes back to the system: Arrow's own pool, an arena for each thread and the C library's
# growing thresholds keep 600 MB of it
_MEMORY = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 20),
}


def supervise(settings: Settings, echo: Callable[[str], None] = print) -> int:
    """Runs `./lab stream` until it ends by itself or by a signal, and returns its exit code. Started again after
    everything else, once HDFS and Kafka answer; a first start that fails is not: what is missing has been said.
    """
    failures, has_run = 0, False
    while True:
        started = time.time()
        code = _run()
        has_run = has_run or _came_to_work(settings, started)
        if code in (0, 130) or code == LabError.exit_code or not has_run:
            return code
        failures = 0 if _came_to_work(settings, started) else failures + 1
        pause = PAUSES_S[min(failures, len(PAUSES_S) - 1)]
        echo(f"the stream ended ({_words(code)}); it is started again when HDFS and Kafka answer")
        time.sleep(pause)
        _wait_for_services(settings)


def end_with_supervisor() -> None:
    """In the stream's process: SIGTERM to itself when its supervisor, if it has one, is gone."""
    if _SUPERVISED not in os.environ:
        return

    def watch() -> None:
        while os.read(0, 1_024):  # not by sys.stdin, whose lock a thread may hold when Python ends
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=watch, name="supervisor", daemon=True).start()


def _run() -> int:
    words = [sys.executable, "-m", "shoplab", "stream", "--once"]
    child = subprocess.Popen(words, stdin=subprocess.PIPE, env=os.environ | _MEMORY | {_SUPERVISED: "1"})
    with _signals_go_to(child):
        return child.wait()


@contextlib.contextmanager
def _signals_go_to(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """SIGTERM goes on to the child. Ctrl-C it gets from the terminal, as this process does."""

    def forward(number: int, _: object) -> None:
        child.send_signal(number)

    with handled({signal.SIGTERM: forward, signal.SIGINT: lambda *_: None}):
        yield


def _came_to_work(settings: Settings, since: float) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return (settings.run_dir / "stream.alive").stat().st_mtime >= since
    return False


def _words(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def _wait_for_services(settings: Settings) -> None:
    while topic_problem(settings) or not _has_hdfs(settings):
        time.sleep(_LOOK_S)


def _has_hdfs(settings: Settings) -> bool:
    try:
        Storage(settings).names("/")
    except LabError:
        return False
    return True
