"""One process at a time fetches what all share."""

from contextlib import AbstractContextManager
from pathlib import Path

import click

from shoplab.core.lock import locked


def alone(folder: Path, doing: str) -> AbstractContextManager[None]:
    """A second process waits, with a word, until the first is done."""
    return locked(folder / ".lock", lambda: click.echo(f"lab: another process is {doing}; waiting for it", err=True))
