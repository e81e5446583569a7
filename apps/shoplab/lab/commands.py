"""Commands that run the lab itself."""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shoplab.errors import LabError, ServiceError
from shoplab.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.table import Table

# What the lab writes below its home. `settings.env` there is the user's own.
MADE_BY_LAB = (
    "data",
    "demo",
    "java",
    "load",
    "logs",
    "metrics.db",
    "metrics.db-shm",
    "metrics.db-wal",
    "report",
    "run",
    "tmp",
)
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
    if embedded:
        return _up_embedded(settings)
    from shoplab.lab import docker

    docker.up(settings, docker.Choice(size or "", profiles, without, offline, scale), _say)
    settings = load_settings()
    running = {state.service for state in docker.status(settings)}
    for service, title, port in docker.PAGES:
        if service in running:
            click.echo(f"http://127.0.0.1:{getattr(settings, port):<6} {title}")
    click.echo(f"127.0.0.1:{settings.kafka_port:<13} Kafka")
    return None


def _up_embedded(settings: Settings) -> None:
    from shoplab.lab import embedded as lab
    from shoplab.lab.services import NAMENODE

    if settings.lab == "docker":
        raise LabError("the Docker lab is up; first: ./lab down")
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
    from shoplab.lab import docker
    from shoplab.lab import embedded as lab

    stopped = docker.down(settings) if settings.lab == "docker" else lab.down(settings)
    _say(f"stopped {', '.join(stopped)}" if stopped else "was not running")


@click.command()
@click.pass_obj
def status(settings: Settings) -> None:
    """Show each service. Exit code 0 if all are healthy, else 3.

    Example: ./lab status
    """
    from rich.table import Table

    if settings.lab == "docker":
        return _docker_status(settings)
    from shoplab.lab import embedded as lab

    states = lab.status(settings)
    table = Table("service", "state", "pid", "memory MB", "address", box=None)
    for state in states:
        pid, memory = (str(state.pid), f"{state.memory_mb:.0f}") if state.pid else ("-", "-")
        table.add_row(state.service.name, state.problem or "healthy", pid, memory, state.address)
    _print_table(table)
    if any(state.problem for state in states):
        sys.exit(UNHEALTHY)


def _docker_status(settings: Settings) -> None:
    from rich.table import Table

    from shoplab.lab import docker

    states = docker.status(settings)
    table = Table("service", "state", "memory MB", "address", box=None)
    for state in states:
        table.add_row(state.service, state.problem or "healthy", f"{state.memory_mb:.0f}", state.address)
    table.add_row("", "", f"{sum(state.memory_mb for state in states):.0f}", "in all")
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
    if settings.lab == "docker":
        return _docker_logs(settings, service, lines, follow)
    found = sorted(settings.log_dir.glob("*.log"))
    wanted = [log for log in found if service in (None, log.stem)]
    if not wanted:
        there = f"; there are {', '.join(log.stem for log in found)}" if found else ": nothing has run yet"
        raise LabError(f"no log{f' of {service}' if service else ''} in {settings.log_dir}{there}")
    sys.stdout.flush()
    os.execvp("tail", ["tail", "-n", str(lines), *(["-F"] if follow else []), *map(str, wanted)])


def _docker_logs(settings: Settings, service: str | None, lines: int, follow: bool) -> None:
    from shoplab.lab import compose

    there = {container["Service"] for container in compose.containers(settings)}
    if service and service not in there:
        raise LabError(f"no service {service} runs; there are {', '.join(sorted(there))}")
    words = ["logs", "--tail", str(lines), *(["--follow"] if follow else []), *([service] if service else [])]
    command = compose.command(settings, *words)
    sys.stdout.flush()
    os.execvpe(command[0], command, compose.variables(settings))


@click.command()
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def reset(settings: Settings, yes: bool) -> None:
    """Stop the lab and delete all its data, after asking. Fetched server jars stay.

    Example: ./lab reset --yes
    """
    from shoplab.lab import docker
    from shoplab.lab import embedded as lab

    volumes = docker.volumes(settings)
    if not (settings.run_dir / "lock").exists() and not volumes:  # no lab of ours made what lies in `data` there
        _say(f"there is no lab in {settings.home}")
        return
    if not yes:
        what = f"the lab in {settings.home}{f' and {len(volumes)} Docker volumes' if volumes else ''}"
        click.confirm(f"Delete all data of {what}?", abort=True, err=True)
    if volumes:
        docker.reset(settings)
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
    from shoplab.lab.bundle import make

    size = make(settings, file, profiles, without, _say)
    click.echo(f"{file}: {size / 1e9:.1f} GB; there: tar xf {file.name} && ./lab up --offline")


@click.group()
def bench() -> None:
    """Measure the lab on this machine.

    Example: ./lab bench startup
    """


@bench.command()
@click.option("--runs", default=1, show_default=True, type=click.IntRange(min=1), help="How often to measure embedded.")
@click.option("--build/--no-build", default=True, show_default=True, help="Also build the images from nothing.")
@click.option("--without", multiple=True, metavar="SERVICE", help="Leave a service out of the Docker lab.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Also write the numbers here."
)
@click.pass_obj
def startup(settings: Settings, runs: int, build: bool, without: tuple[str, ...], json_file: Path | None) -> None:
    """Seconds until the services are healthy, and their memory, on labs of its own: embedded, and in Docker where an
    engine answers.

    Example: ./lab bench startup --runs 3 --json startup.json
    """
    from shoplab.console import table
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
    if json_file:
        json_file.write_text(json.dumps(found, indent=2) + "\n")


@bench.command()
@click.option("--events", default=200_000, show_default=True, type=click.IntRange(min=10_000), help="Of each shop.")
@click.option("--shops", default=3, show_default=True, type=click.IntRange(min=1), help="How many shops to make up.")
@click.option("--fits", default=10, show_default=True, type=click.IntRange(min=1), help="Seeds to compare names over.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Also write the numbers here."
)
@click.pass_obj
def segments(settings: Settings, events: int, shops: int, fits: int, json_file: Path | None) -> None:
    """Segments made-up shops by both engines: are the planted profiles found, is k-means as good as scikit-learn's best
    of ten starts, do the names depend on the seed?

    Example: ./lab bench segments --shops 1 --json segments.json
    """
    from shoplab.console import table
    from shoplab.segments.bench import measure
    from shoplab.spark import spark_session

    with spark_session(settings, "bench segments") as spark:
        found = list(measure(spark, events, shops, fits))
    rows = [
        [one.shop, one.engine, one.users, one.k, one.ari, one.ari_frequent, f"{one.inertia_ratio:.4f}",
         f"{one.names_agree} of {one.fits}", one.seconds]
        for one in found
    ]  # fmt: skip
    columns = [
        "shop",
        "engine",
        "users",
        "k",
        "ARI",
        "ARI, 5+ sessions",
        "inertia / best of 10",
        "same names",
        "fit (s)",
    ]
    table(columns, rows)
    if json_file:
        json_file.write_text(json.dumps([one.as_json() for one in found], indent=2) + "\n")


@bench.command()
@click.option("--train", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--test", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--pairs", default=1_350_000, show_default=True, type=click.IntRange(min=1_000), help="For ALS.")
@click.option("--runs", default=5, show_default=True, type=click.IntRange(min=1), help="Of ALS, each way.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Also write the numbers here."
)
@click.pass_obj
def recommender(settings: Settings, train: Path, test: Path, pairs: int, runs: int, json_file: Path | None) -> None:
    """Times fitting the recommender on one file of events or sessions and ranking every prefix of another, and ALS
    against `implicit` called directly. How good the lists are says ./lab evaluate.

    Example: ./lab bench recommender --train train.txt --test test.txt
    """
    from shoplab.console import step, table
    from shoplab.recommend.bench import measure
    from shoplab.recommend.evaluate.readers import read_split
    from shoplab.spark import spark_session

    with spark_session(settings, "bench recommender") as spark, step("bench recommender") as say:
        found = measure(spark, read_split(settings, train, test, False, None, 7, say), pairs, runs, say)
    rows: list[Sequence[object]] = [
        ["fit, all sources and blends", f"{found.visits:,} visits", found.fit_s],
        ["rank, all sources and blends", f"{found.cases:,} prefixes", found.rank_s],
        ["ALS by ./lab", f"{found.pairs:,} pairs", found.als_s],
        ["ALS by implicit directly", f"{found.pairs:,} pairs", found.direct_s],
        ["ALS, ratio", "", f"{found.als_ratio:.2f}"],
    ]
    table(["what", "of", "seconds"], rows)
    if json_file:
        json_file.write_text(json.dumps(found.as_json(), indent=2) + "\n")
