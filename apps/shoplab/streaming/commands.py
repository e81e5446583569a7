"""`./lab replay` and `./lab stream`."""

from pathlib import Path

import click

from shoplab.core.settings import Settings


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
    from shoplab.core.console import step
    from shoplab.events.mapping import given
    from shoplab.events.sources import inspect
    from shoplab.streaming.replay import replay as run

    with step(f"replay {file.name}") as say:
        done = run(
            settings, inspect(file, given(mapping)), rate, _factor(speed), limit, lambda sent: say(f"{sent:,} events")
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


@click.command(short_help="Process Kafka's events in micro-batches.")
@click.option("--drain", is_flag=True, help="Process what is in Kafka now, then end.")
@click.option("--once", is_flag=True, help="End with the first failure, instead of starting again.")
@click.pass_obj
def stream(settings: Settings, drain: bool, once: bool) -> int | None:
    """Takes events from Kafka every 10 seconds (or SHOPLAB_TRIGGER, such as 2s): to HDFS, then features, segments and
    recommendations of their users, then metrics. Ends with Ctrl-C; started again it goes on where it was. Whatever else
    ends it, as a service that is away, it is started again.

    Example: ./lab stream
    """
    from shoplab.core.jobs import submitted

    if submitted(drain=drain):
        return None
    from shoplab.streaming.supervise import end_with_supervisor, supervise

    if not drain and not once:
        return supervise(settings, click.echo)
    end_with_supervisor()
    from shoplab.core.catalog import Catalog
    from shoplab.core.spark import spark_session
    from shoplab.metrics.store import open_store
    from shoplab.streaming.job import LiveJob
    from shoplab.streaming.service import run_stream

    Catalog(settings).claim()
    with spark_session(settings, "stream") as spark:
        run_stream(settings, spark, LiveJob(settings, open_store(settings)), drain, click.echo)
    return None
