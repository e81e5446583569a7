"""One process at a time fetches what all share."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click


@contextmanager
def alone(folder: Path, doing: str) -> Iterator[None]:
    """A second process waits, with a word, until the first is done. The system frees the lock if its holder dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            click.echo(f"lab: another process is {doing}; waiting for it", err=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
