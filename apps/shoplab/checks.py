"""`./lab test`: style, types, and every test this machine can run."""

import subprocess
import sys

import click

from shoplab.settings import REPO

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
)


@click.command(
    short_help="Run every check and test this machine can run.", context_settings={"ignore_unknown_options": True}
)
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def test(pytest_args: tuple[str, ...]) -> None:
    """Runs ruff, mypy and pytest, unit tests and end-to-end tests on the real servers; says what it left out and why.

    Arguments go to pytest. Example: ./lab test tests/ingest -k gz
    """
    failed = [check[0] for check in CHECKS if _run(*check)]
    status = _run("pytest", *pytest_args)
    if failed:
        click.echo(f"lab: {', '.join(failed)} found faults, see above", err=True)
    sys.exit(status or bool(failed))


def _run(module: str, *arguments: str) -> int:
    click.echo(f"$ {' '.join((module, *arguments))}", err=True)
    return subprocess.run([sys.executable, "-m", module, *arguments], cwd=REPO, check=False).returncode
