"""How much memory there is for what runs here."""

from contextlib import suppress
from pathlib import Path

import psutil

_OF_CONTAINER = Path("/sys/fs/cgroup/memory.max")  # cgroups of version 2; "max" where nothing is set


def room_mib() -> int:
    """The container's limit, or, where there is none, the machine's memory."""
    room = int(psutil.virtual_memory().total)
    with suppress(OSError, ValueError):
        room = min(room, int(_OF_CONTAINER.read_text()))
    return room >> 20
