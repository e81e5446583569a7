"""How much memory there is for what runs here."""

from contextlib import suppress
from pathlib import Path

import psutil

# cgroups of version 2 ("max" where nothing is set), and of version 1 (a number that no machine has)
_OF_CONTAINER = tuple(map(Path, ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")))


def room_mib() -> int:
    """The container's limit, or, where there is none, the machine's memory."""
    room = int(psutil.virtual_memory().total)
    for limit in _OF_CONTAINER:
        with suppress(OSError, ValueError):
            room = min(room, int(limit.read_text()))
    return room >> 20
