"""What the lab writes below its home. `settings.env` there is the user's own."""

from pathlib import Path

from shoplab.core import private
from shoplab.core.settings import Settings

MADE_BY_LAB = (
    "data", "demo", "java", "load", "logs", "metrics.db", "metrics.db-shm", "metrics.db-wal", "report", "run", "tmp",
)  # fmt: skip


def made(settings: Settings) -> list[Path]:
    """What is there of it."""
    return [settings.home / name for name in MADE_BY_LAB if (settings.home / name).exists()]


def close(settings: Settings) -> None:
    """Lets nobody but the user read it. The home itself may hold more than the lab."""
    private.mend(*made(settings))
