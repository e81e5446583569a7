"""A command of the embedded lab in the Spark driver that is kept for it: no start of Java, and a compiler that is warm.

The driver (shoplab.driver) listens on a socket of its user's. A command hands it its words, its environment and its own
input and output, waits, and ends as it ended there. One at a time: where the driver is busy, the next command runs in a
process of its own, as it does where none can be had.
"""

import hashlib
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import orjson
import psutil

from shoplab.core.errors import ServiceError
from shoplab.core.private import callers_umask
from shoplab.core.settings import REPO, Settings, variable
from shoplab.core.wait import wait_until
from shoplab.lab.embedded import process, services
from shoplab.lab.embedded.services import DRIVER

SOCKET = "driver.sock"
# What it says first: the command runs; another one does; it is not of these settings and this code, and ends
TAKEN, BUSY, OTHER = b"t", b"b", b"o"
STOP = b"s"  # what we may say then
MOST = 1 << 20  # bytes of a request
LEAST_FREE = 1 << 30  # bytes of the machine's memory
_LISTENS_S = 20.0
_SESSION = (
    "home", "cache", "hdfs_uri", "namenode_port", "spark_master", "driver_memory", "spark_events", "driver_own_port",
)  # fmt: skip


def run_kept(settings: Settings, words: Sequence[str]) -> int | None:
    """The exit code of a command line that the driver ran; None where it is to run here."""
    if not _is_for_it(settings, words):
        return None
    with _connected(settings) as driver:
        said = _asked(settings, driver, words) if driver else b""
        if driver and said == TAKEN:
            return _ran(settings, driver, words[0])
        if driver and said == OTHER:
            driver.recv(1)  # until it has ended
    return run_kept(settings, words) if said == OTHER else None


def _is_for_it(settings: Settings, words: Sequence[str]) -> bool:
    """Only of an embedded lab that is up; help needs no Spark."""
    return (
        not {"-h", "--help"} & set(words)
        and settings.keep_spark_s > 0
        and settings.lab == "embedded"
        and settings.record.is_file()
    )


def is_short() -> bool:
    """Whether others need the machine's memory: no driver is kept then, and none is started to end at once."""
    return psutil.virtual_memory().available < LEAST_FREE


def start(settings: Settings) -> bool:
    """In the background: whoever needs it waits for it. False where there is no memory for one."""
    if is_short():
        return False
    own = {variable(name): str(getattr(settings, name)) for name in (*_SESSION, "keep_spark_s")}
    environment = services.python_environment(settings) | own
    process.start(settings, DRIVER, services.python_command(settings, DRIVER), environment)
    return True


def made_of(settings: Settings) -> str:
    """Equal where one session can serve both: the same code, and the same settings that a session is started with."""
    code = sorted((str(path), path.stat().st_mtime_ns) for path in (REPO / "apps").rglob("*.py"))
    session = [str(getattr(settings, name)) for name in _SESSION]
    return hashlib.sha256(repr((sys.prefix, code, session)).encode()).hexdigest()


@contextmanager
def _connected(settings: Settings) -> Iterator[socket.socket | None]:
    """None where there is no driver, and none could be started in time."""
    with socket.socket(socket.AF_UNIX) as connection:
        found = connects(settings, connection)
        if not found and start(settings):
            with suppress(ServiceError):
                found = wait_until(lambda: connects(settings, connection), _LISTENS_S, "", every=0.05)
        yield connection if found else None


def connects(settings: Settings, connection: socket.socket) -> bool:
    """By the name in its folder: of a whole path a socket takes some hundred letters at most."""
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(settings.run_dir)
        connection.connect(SOCKET)
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    finally:
        os.fchdir(here)
        os.close(here)
    return True


def _asked(settings: Settings, driver: socket.socket, words: Sequence[str]) -> bytes:
    """Its first word, b"" where it is just ending."""
    request = {
        "made_of": made_of(settings), "words": list(words), "environment": dict(os.environ),
        "umask": callers_umask(), "encodings": [sys.stdin.encoding, sys.stdout.encoding, sys.stderr.encoding],
    }  # fmt: skip
    content = orjson.dumps(request)
    folder = os.open(".", os.O_RDONLY)
    with suppress(ConnectionError):
        socket.send_fds(driver, [len(content).to_bytes(4, "little")], [0, 1, 2, folder])
        driver.sendall(content)
        return driver.recv(1)
    return b""


def _ran(settings: Settings, driver: socket.socket, command: str) -> int:
    """Its exit code. Ctrl-C ends it there."""
    sys.stdout.flush()
    while True:
        try:
            code = driver.recv(1)
        except KeyboardInterrupt:
            driver.sendall(STOP)
            continue
        if code:
            return code[0]
        log = DRIVER.printed(settings)
        raise ServiceError(f"Spark ended in the middle of ./lab {command}; type it again, or see its log: {log}")
