"""Detached processes of the lab, and the ports they listen on.

A process is known by marks in its command line, not by a pid file: a stale pid, or one used again, can't mislead.
"""

import errno
import fcntl
import random
import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import psutil

from shoplab.errors import LabError, ServiceError
from shoplab.lab.services import EVERY, Service, marks
from shoplab.settings import PORTS, Settings

GRACE = 15  # seconds between asking a process to stop and killing it


def running(settings: Settings) -> dict[str, psutil.Process]:
    """The lab's living processes by service name."""
    home = marks(settings)[0]
    found: dict[str, psutil.Process] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            arguments = process.cmdline()
            if home in arguments:
                names = [service.name for service in EVERY if marks(settings, service.name)[1] in arguments]
                found |= dict.fromkeys(names, process)
    return {service.name: found[service.name] for service in EVERY if service.name in found}


def is_alive(process: psutil.Process) -> bool:
    """False for a process that has ended, reaped or not."""
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def start(settings: Settings, service: Service, command: list[str], environment: dict[str, str]) -> psutil.Process:
    """Starts a service in a session of its own: it outlives us, and Ctrl-C does not reach it."""
    with service.log(settings).with_suffix(".out").open("wb") as out:
        child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                 start_new_session=True, cwd=settings.home)  # fmt: skip
    process = psutil.Process(child.pid)
    child.returncode = 0  # it is meant to run on: no warning from Python when `child` goes
    return process


def stop(processes: Iterable[psutil.Process], grace: float = GRACE) -> None:
    """Asks processes to end, waits, then kills."""
    alive = list(processes)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(alive, timeout=grace)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=grace)


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """One `up` or `down` at a time. The system frees the lock if its holder dies."""
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    with (settings.run_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServiceError(
                "another command is just starting or stopping the lab; wait for it, then try again"
            ) from None
        yield


def check_ports(settings: Settings, names: Iterable[str]) -> None:
    """ServiceError naming the owner of the first port that is taken, LabError where two settings share one."""
    seen: dict[int, str] = {}
    for name in names:
        number = getattr(settings, name)
        if number in seen:
            raise LabError(f"{variable(seen[number])} and {variable(name)} are both {number}; change one")
        seen[number] = name
        if is_taken(number):
            raise ServiceError(
                f"port {number} is taken by {owner(number)}; stop that, or use another port: {variable(name)}={_free()}"
            )


def variable(name: str) -> str:
    return f"SHOPLAB_{name.upper()}"


def is_taken(port: int) -> bool:
    """Whether something listens on a port of 127.0.0.1, or keeps us from listening."""
    with socket.socket() as client:
        client.settimeout(1)
        if client.connect_ex(("127.0.0.1", port)) == 0:
            return True
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno in (errno.EADDRINUSE, errno.EACCES)
    return False


def owner(port: int) -> str:
    """Who listens on a port: "java (pid 4711)". Without root, another user's process has no name."""
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error):
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    return f"{process.info['name']} (pid {process.pid})"
    return "another user's process"


def with_free_ports(settings: Settings) -> Settings:
    """The same settings with every port one that is free now."""
    chosen: dict[str, int] = {}
    while len(chosen) < len(PORTS):
        number = _free()
        if number not in chosen.values():
            chosen[PORTS[len(chosen)]] = number
    return replace(settings, **chosen)  # type: ignore[arg-type]


def _free() -> int:
    """A free port below those that systems give to outgoing connections."""
    return next(port for port in iter(lambda: random.randrange(20000, 32000), None) if not is_taken(port))
