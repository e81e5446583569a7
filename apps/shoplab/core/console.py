"""What long work shows: a line a step on standard error, with its time; results go to standard output. And the one
place where text from elsewhere, such as ids, brands, file names and logs, is made harmless for a terminal.
"""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO, cast

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

out, err = Console(), Console()


def fit() -> None:
    """Looks at what standard output and error output are now: Rich looks once, when a console is made."""
    width = None if sys.stdout.isatty() else 140  # a file or a pipe has no edge to wrap at
    out.__init__(highlight=False, soft_wrap=True, width=width)  # type: ignore[misc]
    err.__init__(stderr=True, highlight=False, soft_wrap=True)  # type: ignore[misc]


fit()

Say = Callable[[str], None]

# Control characters but for tab and newline, and those that turn the direction of text
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """The same text with control characters spelt out: ESC becomes \\x1b."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def one_line(text: str) -> str:
    """The same, with line ends spelt out too: a file's name may have one."""
    return plain(text).replace("\n", "\\n")


class _Plain:
    """A stream that writes plain text. Rich's consoles write past it: they are given plain text, and colour it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        raw = stream
        while raw is not (below := getattr(raw, "rich_proxied_file", raw)):
            raw = below
        self.rich_proxied_file = raw
        self.encoding, self.errors = raw.encoding, raw.errors  # where a stream has none, click writes to its buffer

    def write(self, text: str) -> int:
        return self._stream.write(plain(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def plain_output() -> Iterator[None]:
    """Nothing that is printed in the block, an error neither, can make the terminal do anything."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(TextIO, _Plain(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def pass_on(command: Sequence[str], variables: Mapping[str, str] | None = None) -> int:
    """Runs a program and prints what it says, such as a log, as plain text. Returns its exit code."""
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as program:
        try:
            assert program.stdout is not None
            for line in program.stdout:
                sys.stdout.write(plain(line.decode(errors="replace")))
                sys.stdout.flush()
        except BaseException:
            program.terminate()
            raise
    return program.returncode


@contextmanager
def step(title: str) -> Iterator[Say]:
    """Shows a spinner while the step runs (on a terminal), then its time. The given function changes the words beside
    the spinner.
    """
    started = time.monotonic()
    title = escape(plain(title))
    with err.status(title) as status, plain_output():
        yield lambda words: status.update(f"{title}: {escape(plain(words))}")
    err.print(f"[green]✓[/] {title} [dim]{time.monotonic() - started:.1f} s[/]")


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> None:
    """Prints a table; numbers to the right, with thousands separators."""
    grid = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for index, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        grid.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        grid.add_row(*[cell(value) for value in row])
    out.print(grid)


def cell(value: object) -> Text:
    """A table's cell: text as it is, and neither control characters nor Rich's markup."""
    if isinstance(value, float):
        return Text(f"{value:,.2f}")
    return Text(f"{value:,}" if isinstance(value, int) else plain(str(value)))
