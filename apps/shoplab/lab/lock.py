"""One start or stop of a lab at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings


def lock_file(settings: Settings) -> Path:
    """Where it lies, a lab was started or stopped once."""
    return settings.run_dir / "lock"


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """One `up` or `down` at a time. The system frees the lock if its holder dies."""
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    with lock_file(settings).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServiceError(
                "another command is just starting or stopping the lab; wait for it, then try again"
            ) from None
        yield
