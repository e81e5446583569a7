"""`./lab test`: style, types, the floor plan, and every test this machine can run."""

import subprocess
import sys
from pathlib import Path

import click

from shoplab.core.settings import REPO

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports", "--no-cache"),
)


@click.command(
    short_help="Run every check and test this machine can run.", context_settings={"ignore_unknown_options": True}
)
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def test(pytest_args: tuple[str, ...]) -> None:
    """Runs ruff, mypy, import-linter and pytest: unit tests, and end-to-end tests on the real servers.

    At the end it says which tests it left out and why, and which were slowest. Arguments go to pytest.

    Example: ./lab test tests/events -k gz
    """
    failed = [check[0] for check in CHECKS if _run(*check)]
    status = _run("pytest", *pytest_args)
    if failed:
        click.echo(f"lab: {', '.join(failed)} found faults, see above", err=True)
    sys.exit(status or bool(failed))


def _run(program: str, *arguments: str) -> int:
    """A program of this environment, at the repository's root."""
    click.echo(f"$ {' '.join((program, *arguments))}", err=True)
    return subprocess.run([Path(sys.executable).with_name(program), *arguments], cwd=REPO, check=False).returncode
