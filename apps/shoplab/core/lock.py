"""One process at a time: the one lock for it."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(file: Path, busy: Callable[[], None]) -> Iterator[None]:
    """Holds the lock for the time of a block. Where another process has it, `busy` is called: it says so, and then this
    waits, or it raises. The system frees the lock if its holder dies.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            busy()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
