"""Listening for HTTP on this machine: sockets, the names a page of the lab answers to, and ports no browser opens."""

import ipaddress
import re
import socket
from collections.abc import Collection

# Ports of the Fetch standard's list of bad ports, above 1024: a browser asks nothing there, whatever page wants it to.
# Chromium 15x opens 4190 and 6679 of that list, so they are left out. tests/lab/door holds the rest to it.
UNREACHABLE = (1719, 1720, 1723, 2049, 3659, 4045, 5060, 5061, 6000, 6566, 6697, 10080)
UNREACHABLE_BY_SPARK = (6665, 6666, 6667, 6668, 6669)  # in a row: a second driver takes the next one

NOT_OURS = "not a name of this lab; one that is: SHOPLAB_ALLOWED_HOSTS"
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::\d{1,5})?")


def answers_to(host: str, names: Collection[str] = ()) -> bool:
    """Whether a request's Host is this machine: localhost or a name below it, an address, or one of `names`.

    Any other name is one that its owner may point here (DNS rebinding): the page it brought would be of our own origin.
    """
    found = _HOST.fullmatch(host)
    name = found[1].lower() if found else ""
    return name == "localhost" or name.endswith(".localhost") or name in names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. OSError where the port is taken."""
    # Named as TCP, asyncio switches Nagle's algorithm off; without, every answer on a kept connection waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def is_free(host: str, port: int) -> bool:
    """Whether one could listen there now."""
    try:
        listen(host, port).close()
    except OSError:
        return False
    return True
