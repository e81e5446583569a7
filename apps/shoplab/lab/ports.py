"""Ports on this machine: which are taken, by whom, and which are free."""

import errno
import random
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

import psutil

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.listen import UNREACHABLE, UNREACHABLE_BY_SPARK
from shoplab.core.settings import OWN_PORTS, PORTS, Settings, variable

FREE: Sequence[int] = range(20000, 32000)  # below those that systems give to outgoing connections
FREE_OF_BROWSERS: Sequence[int] = UNREACHABLE


def check_ports(settings: Settings, names: Iterable[str]) -> None:
    """ServiceError naming the owner of the first port that is taken, LabError where two settings share one."""
    names_of: dict[int, str] = {}
    for name in names:
        number = getattr(settings, name)
        if number in names_of:
            raise LabError(f"{variable(names_of[number])} and {variable(name)} are both {number}; change one")
        names_of[number] = name
        if is_taken(number):
            raise ServiceError(
                f"port {number} is taken by {owner(number)}; stop that, or use another port: "
                f"{variable(name)}={other_port(name)}"
            )


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
    for name in PORTS:
        chosen[name] = free_port([port for port in _choice(name) if port not in chosen.values()])
    return replace(settings, **chosen)  # type: ignore[arg-type]


def free_port(choice: Sequence[int] | None = None) -> int:
    """One of FREE, or of others, that nothing listens on now. ServiceError where all of them are taken."""
    choice = choice or FREE
    found = next((port for port in random.sample(choice, len(choice)) if not is_taken(port)), None)
    if found is None:
        raise ServiceError(f"all of the ports {', '.join(map(str, choice[:20]))} are taken; stop what has one of them")
    return found


def other_port(name: str) -> int:
    """A free one that the setting may name."""
    return free_port(_choice(name))


def _choice(name: str) -> Sequence[int]:
    """Ports that a setting may name."""
    if name not in OWN_PORTS:
        return FREE
    return UNREACHABLE_BY_SPARK if name == "spark_own_port" else FREE_OF_BROWSERS
