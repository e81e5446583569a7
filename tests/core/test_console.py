"""Text from elsewhere never reaches a terminal as a command to it."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from shoplab.core import console
from shoplab.core.settings import REPO

EVIL = "a\x1b[2J\x1b]0;title\x07\x9b31m\rb\u202ec"
SPELT = r"a\x1b[2J\x1b]0;title\x07\x9b31m\x0db\x" + "202ec"

_PROGRAM = """
import sys
import click
from shoplab.core.console import pass_on, plain_output, step, table
evil = sys.argv[1].encode().decode("unicode_escape")
with plain_output():
    click.echo(f"echo {evil}")
    table(["brand"], [[evil]])
    with step(f"step {evil}") as say:
        say(evil)
        click.echo(f"inside {evil}", err=True)
    pass_on(["printf", "%s", f"log {evil}"])
"""


def test_control_characters_are_spelt_out() -> None:
    assert console.plain(EVIL) == SPELT
    assert console.plain("tab\tand\nnewline, ä ✓ 日本 stay") == "tab\tand\nnewline, ä ✓ 日本 stay"


def test_markup_in_a_cell_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(["brand"], [["[red]x"], [EVIL]])
    said = capsys.readouterr().out
    assert "[red]x" in said
    assert SPELT in said


def on_a_terminal(command: list[str]) -> bytes:
    """All that a program writes to a terminal."""
    ours, its = pty.openpty()
    environment = os.environ | {"PYTHONPATH": str(REPO / "apps"), "TERM": "xterm", "COLUMNS": "200"}
    with subprocess.Popen(command, env=environment, stdin=its, stdout=its, stderr=its):
        os.close(its)
        said = b""
        while True:
            try:
                said += os.read(ours, 1 << 16)
            except OSError:  # the program has closed its end
                break
    os.close(ours)
    return said


def test_a_terminal_gets_them_by_no_way() -> None:
    said = on_a_terminal([sys.executable, "-c", _PROGRAM, EVIL.encode("unicode_escape").decode()])
    for way in (b"echo", b"step", b"inside", b"log"):
        assert way + b" " + SPELT.encode() in said, (way, said)
    assert b"\x1b[2J" not in said
    assert b"\x1b]0;" not in said
    assert b"\x07" not in said
    assert "\x9b".encode() not in said


def test_errors_of_the_command_line_too(tmp_path: Path) -> None:
    for words in (["ingest", "no\x1b[2Jfile.csv"], ["logs", "x\x1b[2J"], ["no\x1b[2Jcommand"]):
        said = on_a_terminal(["env", f"SHOPLAB_HOME={tmp_path}", sys.executable, "-m", "shoplab", *words])
        assert b"\\x1b[2J" in said, said
        assert b"\x1b[2J" not in said
