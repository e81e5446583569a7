"""Commands that run the lab itself."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shoplab.errors import LabError, ServiceError
from shoplab.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.table import Table

# What the lab writes below its home. `settings.env` there is the user's own.
MADE_BY_LAB = ("data", "demo", "java", "logs", "metrics.db", "metrics.db-shm", "metrics.db-wal", "report", "run", "tmp")
UNHEALTHY = 3


def _say(line: str) -> None:
    click.echo(f"lab: {line}", err=True)


def _print_table(table: "Table") -> None:
    """Tables are for reading: as wide as they need to be where the output is not a terminal."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 160).print(table)


@click.command()
@click.option("--embedded", is_flag=True, help="Run the servers as local processes, without Docker.")
@click.pass_obj
def up(settings: Settings, embedded: bool) -> None:
    """Start HDFS and Kafka, and wait until they are healthy.

    Example: ./lab up --embedded
    """
    if not embedded:
        raise ServiceError("the Docker lab is not in this version yet; type: ./lab up --embedded")
    from shoplab.lab import embedded as lab
    from shoplab.lab.services import NAMENODE

    started = lab.up(lab.without_leftovers(settings, load_settings), _say)
    settings = load_settings()
    what = f"started {', '.join(service.title for service in started)}" if started else "was up already"
    _say(f"{what}; HDFS in the browser: {NAMENODE.address(settings)}; Kafka: {settings.kafka}")


@click.command()
@click.pass_obj
def down(settings: Settings) -> None:
    """Stop the lab. Its data stays.

    Example: ./lab down
    """
    from shoplab.lab import embedded as lab

    stopped = lab.down(settings)
    _say(f"stopped {', '.join(stopped)}" if stopped else "was not running")


@click.command()
@click.pass_obj
def status(settings: Settings) -> None:
    """Show each service. Exit code 0 if all are healthy, else 3.

    Example: ./lab status
    """
    from rich.table import Table

    from shoplab.lab import embedded as lab

    states = lab.status(settings)
    table = Table("service", "state", "pid", "memory MB", "address", box=None)
    for state in states:
        pid, memory = (str(state.pid), f"{state.memory_mb:.0f}") if state.pid else ("-", "-")
        table.add_row(state.service.name, state.problem or "healthy", pid, memory, state.address)
    _print_table(table)
    if any(state.problem for state in states):
        sys.exit(UNHEALTHY)


@click.command()
@click.argument("service", required=False)
@click.option("-n", "--lines", default=50, show_default=True, type=click.IntRange(min=1), help="Lines from the end.")
@click.option("-f", "--follow", is_flag=True, help="Go on printing what comes in, until Ctrl-C.")
@click.pass_obj
def logs(settings: Settings, service: str | None, lines: int, follow: bool) -> None:
    """Print the logs of one service, or of all.

    Example: ./lab logs namenode -n 20 --follow
    """
    found = sorted(settings.log_dir.glob("*.log"))
    wanted = [log for log in found if service in (None, log.stem)]
    if not wanted:
        there = f"; there are {', '.join(log.stem for log in found)}" if found else ": nothing has run yet"
        raise LabError(f"no log{f' of {service}' if service else ''} in {settings.log_dir}{there}")
    sys.stdout.flush()
    os.execvp("tail", ["tail", "-n", str(lines), *(["-F"] if follow else []), *map(str, wanted)])


@click.command()
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def reset(settings: Settings, yes: bool) -> None:
    """Stop the lab and delete all its data, after asking. Fetched server jars stay.

    Example: ./lab reset --yes
    """
    from shoplab.lab import embedded as lab

    if not (settings.run_dir / "lock").exists():  # whatever lies in `data` there, no lab of ours made it
        _say(f"there is no lab in {settings.home}")
        return
    if not yes:
        click.confirm(f"Delete all data of the lab in {settings.home}?", abort=True, err=True)
    lab.down(settings)
    for path in [settings.home / name for name in MADE_BY_LAB if (settings.home / name).exists()]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    _say(f"deleted the lab's data in {settings.home}; the fetched server jars stay in {settings.cache}")


@click.command()
@click.pass_obj
def doctor(settings: Settings) -> None:
    """Check the machine and the lab, and say what to do. Exit code 0 if all is well, else 3.

    Example: ./lab doctor
    """
    from rich.table import Table

    from shoplab.lab.doctor import examine

    findings = list(examine(settings))
    table = Table("", "subject", "finding", "what to do", box=None)
    for finding in findings:
        table.add_row("!!" if finding.advice else "ok", finding.subject, finding.text, finding.advice)
    _print_table(table)
    if any(finding.advice for finding in findings):
        sys.exit(UNHEALTHY)


@click.group()
def bench() -> None:
    """Measure the lab on this machine.

    Example: ./lab bench startup
    """


@bench.command()
@click.option("--runs", default=1, show_default=True, type=click.IntRange(min=1), help="How often to measure.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Also write the numbers here."
)
@click.pass_obj
def startup(settings: Settings, runs: int, json_file: Path | None) -> None:
    """Seconds until the services are healthy, and their memory, on an empty lab of its own.

    Example: ./lab bench startup --runs 3 --json startup.json
    """
    from rich.table import Table

    from shoplab.lab.bench import measure

    results = list(measure(settings, runs))
    table = Table("run", "first up, with format (s)", "second up (s)", "memory MB", "of which", box=None)
    for number, result in enumerate(results, start=1):
        each = ", ".join(f"{name} {memory:.0f}" for name, memory in result.memory_mb.items())
        table.add_row(
            str(number),
            f"{result.first_s:.1f}",
            f"{result.second_s:.1f}",
            f"{sum(result.memory_mb.values()):.0f}",
            each,
        )
    _print_table(table)
    if json_file:
        json_file.write_text(json.dumps([result.as_json() for result in results], indent=2) + "\n")
