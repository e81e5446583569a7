"""What long work shows: a line a step on standard error, with its time; results go to standard output."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

WIDTH = None if sys.stdout.isatty() else 140  # a file or a pipe has no edge to wrap at
out = Console(highlight=False, soft_wrap=True, width=WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Say = Callable[[str], None]


@contextmanager
def step(title: str) -> Iterator[Say]:
    """Shows a spinner while the step runs (on a terminal), then its time. The given function changes the words beside
    the spinner.
    """
    started = time.monotonic()
    with err.status(title) as status:
        yield lambda words: status.update(f"{title}: {words}")
    err.print(f"[green]✓[/] {title} [dim]{time.monotonic() - started:.1f} s[/]")


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> None:
    """Prints a table; numbers to the right, with thousands separators."""
    grid = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for index, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        grid.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        grid.add_row(*[_text(value) for value in row])
    out.print(grid)


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
