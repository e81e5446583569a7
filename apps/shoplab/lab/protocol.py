"""What both labs can do, in one set of words."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import click

from shoplab.core.console import Say


@dataclass(frozen=True)
class State:
    """One service as `status` shows it. `problem` is "" for a healthy one; memory is resident, in MB; pid: of a process
    on this machine, None for a container and for what is stopped.
    """

    service: str
    problem: str
    memory_mb: float
    address: str
    pid: int | None = None


@dataclass(frozen=True)
class Choice:
    """What `up` was asked for. size: "" means by the engine's memory, or as before. The embedded lab has one size and
    the same services always.
    """

    size: str = ""
    profiles: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    offline: bool = False
    scale: tuple[str, ...] = ()


class Lab(Protocol):
    """One way to run the lab. Everything waits until it is done; ServiceError and LabError say what to type next."""

    name: ClassVar[str]

    def up(self, choice: Choice, say: Say) -> list[str]:
        """Starts what does not run and returns when all is healthy. Returns lines on where to find what."""
        ...

    def down(self) -> list[str]:
        """Stops the lab and keeps its data. Returns the names of what ran."""
        ...

    def status(self) -> list[State]:
        """Every service, asked now."""
        ...

    def logs(self, service: str | None, lines: int, follow: bool) -> None:
        """Prints the last lines of a service, or of all, and ends this program with that."""
        ...

    def holds(self) -> str:
        """In words what `reset` would delete, "" for nothing."""
        ...

    def reset(self) -> None:
        """Stops the lab and deletes its data."""
        ...

    def submit(self, context: click.Context, options: dict[str, Any]) -> bool:
        """Runs a command with these options where the lab's jobs run; False where that is this process."""
        ...
