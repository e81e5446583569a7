"""`./lab test`: style, types, the floor plan, and every test this machine can run."""

import os
import subprocess
import sys
from pathlib import Path

import click
import psutil

from shoplab.core.private import callers_umask
from shoplab.core.settings import REPO

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports", "--no-cache"),
)
GIB_A_WORKER = 6  # an embedded lab, Spark and a single-machine recommender


@click.command(
    short_help="Run every check and test this machine can run.", context_settings={"ignore_unknown_options": True}
)
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def test(pytest_args: tuple[str, ...]) -> None:
    """Runs ruff, mypy, import-linter and pytest: unit tests, and end-to-end tests on the real servers.

    All tests run side by side, as many as cores and memory allow; `-n 0` one after the other. At the end it says which
    tests it left out and why, and which were slowest. Arguments go to pytest.

    Example: ./lab test tests/events -k gz
    """
    failed = [check[0] for check in CHECKS if _run(*check)]
    status = _run("pytest", *(pytest_args or side_by_side()))
    if failed:
        click.echo(f"lab: {', '.join(failed)} found faults, see above", err=True)
    sys.exit(status or bool(failed))


def side_by_side() -> tuple[str, ...]:
    """pytest's options for several workers; tests/conftest.py says what they share out."""
    workers = min(os.cpu_count() or 1, psutil.virtual_memory().total // (GIB_A_WORKER << 30))
    return ("-n", str(workers), "--dist", "loadscope", "--no-loadscope-reorder") if workers > 1 else ()


def _run(program: str, *arguments: str) -> int:
    """A program of this environment, at the repository's root."""
    click.echo(f"$ {' '.join((program, *arguments))}", err=True)
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    return subprocess.run(command, cwd=REPO, check=False, umask=callers_umask()).returncode
