"""`./lab replay`, `./lab stream` and `./lab verify`."""

import subprocess
import time
from pathlib import Path

import click

from shoplab.errors import ServiceError
from shoplab.settings import Settings

DRAIN_S = 300  # without any progress


@click.command(short_help="Send a file's events to Kafka.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Events a second.")
@click.option("--speed", help="A multiple of the shop's own speed: 60x plays an hour in a minute.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many events.")
@click.option("--map", "mapping", metavar="NAME|FILE.yaml", help="How another shop's columns become the lab's.")
@click.pass_obj
def replay(
    settings: Settings, file: Path, rate: float | None, speed: str | None, limit: int | None, mapping: str | None
) -> None:
    """Sends the events of a file to Kafka in its order; as fast as Kafka takes them, or at --rate or --speed.

    Example: ./lab replay 2019-Nov.csv.gz --rate 1000
    """
    if rate is not None and speed is not None:
        raise click.UsageError("give --rate or --speed, not both")
    from shoplab.console import step
    from shoplab.ingest.mapping import load_mapping
    from shoplab.streaming.replay import replay as run

    with step(f"replay {file.name}") as say:
        done = run(
            settings, file, load_mapping(mapping), rate, _factor(speed), limit, lambda sent: say(f"{sent:,} events")
        )
    click.echo(f"{done.events:,} events sent in {done.seconds:.1f} s ({done.rate:,.0f}/s)")


def _factor(speed: str | None) -> float | None:
    if speed is None:
        return None
    try:
        factor = float(speed.removesuffix("x"))
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise click.BadParameter(f"{speed!r} is no speed; write it as 60x", param_hint="--speed")
    return factor


@click.command(short_help="Process Kafka's events every 10 seconds.")
@click.option("--drain", is_flag=True, help="Process what is in Kafka now, then end.")
@click.pass_obj
def stream(settings: Settings, drain: bool) -> None:
    """Takes events from Kafka every 10 seconds: to HDFS, then features, segments and recommendations of their users,
    then metrics. Ends with Ctrl-C; started again it goes on where it was.

    Example: ./lab stream
    """
    if settings.lab == "docker":
        return _follow_service(settings, drain)
    from shoplab.catalog import Catalog
    from shoplab.metrics.store import open_store
    from shoplab.spark import spark_session
    from shoplab.streaming.job import LiveJob, run_stream

    Catalog(settings).claim()
    with spark_session(settings, "stream") as spark:
        run_stream(settings, spark, LiveJob(settings, open_store(settings)), drain, click.echo)
    return None


def _follow_service(settings: Settings, drain: bool) -> None:
    """In the Docker lab the stream is a service: started if need be, then its batches are shown as they come."""
    from shoplab.lab import compose

    compose.call(settings, "up", "--detach", "--no-deps", "--no-build", "stream")
    if drain:
        return _await_drained(settings)
    command = compose.command(settings, "logs", "--follow", "--no-log-prefix", "--tail", "5", "stream")
    subprocess.run(command, env=compose.variables(settings), check=False)
    return None


def _await_drained(settings: Settings) -> None:
    from shoplab.streaming.verify import reconcile

    deadline, waiting = time.monotonic() + DRAIN_S, reconcile(settings).waiting
    while waiting:
        if time.monotonic() > deadline:
            raise ServiceError(f"{waiting:,} events still wait after {DRAIN_S} s; ./lab logs stream tells why")
        time.sleep(1)
        left = reconcile(settings).waiting
        if left != waiting:
            deadline, waiting = time.monotonic() + DRAIN_S, left
    click.echo("every event in Kafka has been processed")


@click.command(short_help="Check that no event was lost or doubled.")
@click.pass_obj
def verify(settings: Settings) -> None:
    """Compares what was written to Kafka with what the stream accounted for. Exit code 1 where they differ.

    Example: ./lab verify
    """
    from shoplab.console import table
    from shoplab.streaming.verify import reconcile

    found = reconcile(settings)
    table(
        ["in Kafka", "batches", "new on HDFS", "duplicates", "rejected", "waiting"],
        [[found.in_kafka, found.batches, found.new, found.duplicates, found.rejected, found.waiting]],
    )
    click.echo("every event is accounted for" if found.agrees else "the counts differ: is ./lab stream running?")
    if not found.agrees:
        raise click.exceptions.Exit(1)
