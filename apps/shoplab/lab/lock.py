"""One start or stop of a lab at a time."""

from contextlib import AbstractContextManager
from pathlib import Path

from shoplab.core.errors import ServiceError
from shoplab.core.lock import locked
from shoplab.core.settings import Settings


def lock_file(settings: Settings) -> Path:
    """Where it lies, a lab was started or stopped once."""
    return settings.run_dir / "lock"


def alone(settings: Settings) -> AbstractContextManager[None]:
    """One `up` or `down` at a time."""
    return locked(lock_file(settings), _refuse)


def _refuse() -> None:
    raise ServiceError("another command is just starting or stopping the lab; wait for it, then try again") from None
