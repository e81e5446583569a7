"""Ports on this machine: which are taken, by whom, and which are free."""

import errno
import random
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import psutil

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import PORTS, Settings, variable

FREE = range(20000, 32000)  # below those that systems give to outgoing connections


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
                f"{variable(name)}={free_port()}"
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
    while len(chosen) < len(PORTS):
        number = free_port()
        if number not in chosen.values():
            chosen[PORTS[len(chosen)]] = number
    return replace(settings, **chosen)  # type: ignore[arg-type]


def free_port() -> int:
    """One of FREE that nothing listens on now."""
    return next(port for port in iter(lambda: random.choice(FREE), None) if not is_taken(port))
