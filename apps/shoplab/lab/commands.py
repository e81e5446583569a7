"""Commands that run the lab itself."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shoplab.core.bench import json_option, write_figures
from shoplab.core.errors import LabError, ServiceError
from shoplab.core.private import give
from shoplab.core.settings import Settings
from shoplab.lab.choice import docker_lab, embedded_lab, lab_of
from shoplab.lab.protocol import Choice

if TYPE_CHECKING:
    from rich.table import Table

UNHEALTHY = 3


def _say(line: str) -> None:
    click.echo(f"lab: {line}", err=True)


def _print_table(table: "Table") -> None:
    """Tables are for reading: as wide as they need to be where the output is not a terminal."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 160).print(table)


@click.command()
@click.option("--embedded", is_flag=True, help="Run the servers as local processes, without Docker.")
@click.option(
    "--size", type=click.Choice(["small", "standard"]), help="For 8 GB or 16 GB. Default: by Docker's memory."
)
@click.option("--with", "profiles", multiple=True, type=click.Choice(["jupyter", "locust"]), help="Also start this.")
@click.option("--without", multiple=True, metavar="SERVICE", help="Leave a service out.")
@click.option("--scale", multiple=True, metavar="SERVICE=N", help="More of one: spark-worker=2, datanode=3.")
@click.option("--offline", is_flag=True, help="Fetch nothing: images are here, or in bundle/ (./lab bundle).")
@click.pass_obj
def up(
    settings: Settings,
    embedded: bool,
    size: str | None,
    profiles: tuple[str, ...],
    without: tuple[str, ...],
    scale: tuple[str, ...],
    offline: bool,
) -> None:
    """Start the lab in Docker, or with --embedded HDFS and Kafka alone, and wait until all is healthy.

    \b
    Examples: ./lab up
              ./lab up --with jupyter --scale spark-worker=2
              ./lab up --embedded
    """
    from shoplab.lab.embedded.process import running
    from shoplab.lab.embedded.record import without_leftovers

    if embedded:
        if lab_of(settings).name == "docker":
            raise LabError("the Docker lab is up; first: ./lab down")
        lab = embedded_lab(without_leftovers(settings))
    else:
        if running(settings):
            raise LabError("the embedded lab is running here; first: ./lab down")
        lab = docker_lab(settings)
    for line in lab.up(Choice(size or "", profiles, without, offline, scale), _say):
        click.echo(line)


@click.command()
@click.pass_obj
def down(settings: Settings) -> None:
    """Stop the lab. Its data stays.

    Example: ./lab down
    """
    stopped = lab_of(settings).down()
    _say(f"stopped {', '.join(stopped)}" if stopped else "was not running")


@click.command()
@click.pass_obj
def status(settings: Settings) -> None:
    """Show each service. Exit code 0 if all are healthy, else 3.

    Example: ./lab status
    """
    from rich.table import Table

    from shoplab.core.console import cell

    lab = lab_of(settings)
    states = lab.status()
    with_pids = lab.name == "embedded"
    table = Table("service", "state", *["pid"] * with_pids, "memory MB", "address", box=None)
    for state in states:
        memory = f"{state.memory_mb:.0f}" if state.pid or not with_pids else "-"
        pid = [str(state.pid or "-")] * with_pids
        row = [state.service, state.problem or "healthy", *pid, memory, state.address]
        table.add_row(*map(cell, row))
    total = f"{sum(state.memory_mb for state in states):.0f}"
    table.add_row("", "", *[""] * with_pids, total, "in all")
    _print_table(table)
    if not states or any(state.problem for state in states):
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
    lab_of(settings).logs(service, lines, follow)


@click.command()
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def reset(settings: Settings, yes: bool) -> None:
    """Stop the lab and delete all its data, after asking. Fetched server jars stay.

    Example: ./lab reset --yes
    """
    labs = [(lab, lab.holds()) for lab in (embedded_lab(settings), docker_lab(settings))]
    held = [what for _, what in labs if what]
    if not held:
        _say(f"there is no lab in {settings.home}")
        return
    if not yes:
        click.confirm(f"Delete all data of {' and '.join(held)}?", abort=True, err=True)
    for lab in [lab for lab, what in reversed(labs) if what]:  # Docker's first: it still needs the home
        lab.reset()
    _say(f"deleted the lab's data in {settings.home}; the fetched server jars stay in {settings.cache}")


@click.command()
@click.pass_obj
def doctor(settings: Settings) -> None:
    """Check the machine and the lab, and say what to do. Exit code 0 if all is well, else 3.

    Example: ./lab doctor
    """
    from rich.table import Table

    from shoplab.core.console import cell
    from shoplab.lab.doctor import examine

    findings = list(examine(settings))
    table = Table("", "subject", "finding", "what to do", box=None)
    for finding in findings:
        row = ["!!" if finding.advice else "ok", finding.subject, finding.text, finding.advice]
        table.add_row(*map(cell, row))
    _print_table(table)
    if any(finding.advice for finding in findings):
        sys.exit(UNHEALTHY)


@click.command()
@click.argument("file", default="shoplab-bundle.tar", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--with", "profiles", multiple=True, type=click.Choice(["jupyter", "locust"]), help="This image too.")
@click.option("--without", multiple=True, metavar="SERVICE", help="Leave a service's image out.")
@click.pass_obj
def bundle(settings: Settings, file: Path, profiles: tuple[str, ...], without: tuple[str, ...]) -> None:
    """Write all that the lab fetches (images, Python packages, jars) into one file, for machines without a network.

    \b
    Example: ./lab bundle                                      here, with a network
             tar xf shoplab-bundle.tar && ./lab up --offline   there, in a clone of the same version
    """
    from shoplab.lab.docker.bundle import make

    size = make(settings, file, profiles, without, _say)
    give(file)
    click.echo(f"{file}: {size / 1e9:.1f} GB; there: tar xf {file.name} && ./lab up --offline")


@click.command("startup")
@click.option("--runs", default=1, show_default=True, type=click.IntRange(min=1), help="How often to measure embedded.")
@click.option("--build/--no-build", default=True, show_default=True, help="Also build the images from nothing.")
@click.option("--without", multiple=True, metavar="SERVICE", help="Leave a service out of the Docker lab.")
@json_option
@click.pass_obj
def bench_startup(settings: Settings, runs: int, build: bool, without: tuple[str, ...], json_file: Path | None) -> None:
    """Seconds until the services are healthy, and their memory, on labs of its own: embedded, and in Docker where an
    engine answers.

    Example: ./lab bench startup --runs 3 --json startup.json
    """
    from shoplab.core.console import table
    from shoplab.lab import bench

    results = list(bench.measure(settings, runs))
    table(
        ["embedded", "first up, with format (s)", "second up (s)", "memory MB"],
        [
            [f"run {i}", one.first_s, one.second_s, sum(one.memory_mb.values())]
            for i, one in enumerate(results, start=1)
        ],
    )
    found: dict[str, object] = {"embedded": [result.as_json() for result in results]}
    try:
        measured = bench.measure_docker(settings, build, without, _say)
    except ServiceError as error:
        _say(f"the Docker lab was not measured: {error}")
    else:
        seconds = [measured.build_s or "-", measured.first_up_s, measured.second_up_s]
        memory = sum(measured.memory_mb.values()) * 1e6 / 2**20
        columns = ["Docker", "build from nothing (s)", "first up (s)", "second up (s)", "idle memory MiB", "images MB"]
        table(columns, [["core", *seconds, memory, measured.images_mb]])
        found["docker"] = measured.as_json()
    write_figures(json_file, found)
