"""`./lab replay` and `./lab stream`."""

import datetime as dt
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from shoplab.core.settings import Settings


def _moment(context: click.Context, option: click.Parameter, text: str | None) -> dt.datetime | None:
    """Of a day, or of a time as events have it; in UTC and without a zone."""
    from shoplab.events.times import moment

    if text is None:
        return None
    found = moment(text if len(text) > len("2019-11-05") else f"{text} 00:00:00")
    if found is None:
        raise click.BadParameter(f"{text!r} is neither a day (2019-11-05) nor a time (2019-11-05 12:00:00)")
    return found


@click.command(short_help="Send a file's events to Kafka.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Events a second.")
@click.option("--speed", help="A multiple of the shop's own speed: 60x plays an hour in a minute.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many events.")
@click.option("--from", "since", metavar="DAY|TIME", callback=_moment, help="Only events of this time (UTC) and later.")
@click.option("--to", "until", metavar="DAY|TIME", callback=_moment, help="Only events of before this time.")
@click.option("--loop", is_flag=True, help="Start again at the end, each time with later days.")
@click.option(
    "--resume", is_flag=True, help="Go on where the last replay of this file, with the same options, stopped."
)
@click.option("--map", "mapping", metavar="NAME|FILE.yaml", help="How another shop's columns become the lab's.")
@click.pass_obj
def replay(
    settings: Settings, /, file: Path, rate: float | None, speed: str | None, mapping: str | None, **chosen: Any
) -> None:
    """Sends the events of a file to Kafka in its order; as fast as Kafka takes them, or at --rate or --speed. A replay
    that was stopped, by Ctrl-C or whatever else, goes on with --resume.

    \b
    Examples:
      ./lab replay 2019-Nov.csv.gz --rate 1000
      ./lab replay 2019-Nov.csv.gz --from 2019-11-05 --to "2019-11-05 12:00:00" --speed 60x
    """
    if rate is not None and speed is not None:
        raise click.UsageError("give --rate or --speed, not both")
    _check(file, chosen["since"], chosen["until"])
    from shoplab.core.console import step
    from shoplab.events.mapping import given
    from shoplab.events.sources import inspect
    from shoplab.streaming.replay import Selection
    from shoplab.streaming.replay import replay as run

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    source, factor = inspect(file, given(mapping)), _factor(speed)
    try:
        with step(f"replay {file.name}") as say:
            done = run(settings, source, rate, factor, Selection(**chosen), lambda sent: say(f"{sent:,} events"))
    except KeyboardInterrupt:
        click.echo("stopped; the same command with --resume goes on from here", err=True)
        raise
    said = f"; {done.said}" if done.said else ""
    click.echo(f"{done.events:,} events sent in {done.seconds:.1f} s ({done.rate:,.0f}/s){said}")


def _check(file: Path, since: dt.datetime | None, until: dt.datetime | None) -> None:
    if since and until and since >= until:
        raise click.UsageError("--from is to be before --to")
    if str(file) == "-" or file.is_fifo() or file.is_char_device():
        raise click.UsageError(
            "replay reads a file, as --loop and --resume read it again, and no pipe; write one first"
        )


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


def _day(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise click.BadParameter(f"{text!r} is no day; write it as 2019-11-05") from None


@click.command(short_help="Process Kafka's events in micro-batches.")
@click.option("--drain", is_flag=True, help="Process what is in Kafka now, then end.")
@click.option("--once", is_flag=True, help="End with the first failure, instead of starting again.")
@click.option(
    "--backfill", "day", metavar="DAY", callback=_day, help="Do a stored day again by today's rules, then end."
)
@click.pass_obj
def stream(settings: Settings, drain: bool, once: bool, day: str | None) -> int | None:
    """Takes events from Kafka every 10 seconds (or SHOPLAB_TRIGGER, such as 2s): to HDFS, then features, segments and
    metrics. Ends with Ctrl-C; started again it goes on where it was. Whatever else
    ends it, as a service that is away, it is started again.

    With --backfill all batches that touch the day are done again from Kafka's records, while no stream runs.

    Example: ./lab stream
    """
    if day is not None:
        return _backfill(settings, day, drain or once)
    from shoplab.core.jobs import submitted

    if submitted(drain=drain):
        return None
    from shoplab.streaming.supervise import end_with_supervisor, supervise

    if not drain and not once:
        return supervise(settings, click.echo)
    end_with_supervisor()
    _run(settings, drain)
    return None


def _run(settings: Settings, drain: bool) -> None:
    from shoplab.core.catalog import Catalog
    from shoplab.core.spark import spark_session
    from shoplab.metrics.store import open_store
    from shoplab.streaming.job import LiveJob
    from shoplab.streaming.service import run_stream

    Catalog(settings).claim()
    job = LiveJob(settings, open_store(settings))
    job.memory.read_early()
    with spark_session(replace(settings, driver_memory=settings.stream_driver_memory), "stream") as spark:
        run_stream(settings, spark, job, drain, click.echo)


def _backfill(settings: Settings, day: str, has_more: bool) -> int:
    """Exit code: 1 where Kafka has not all that it takes. has_more: options besides it."""
    if has_more:
        raise click.UsageError("give --backfill alone")
    from shoplab.core.spark import spark_session
    from shoplab.metrics.store import open_store
    from shoplab.streaming.audit.backfill import backfill

    with spark_session(settings, "backfill") as spark:
        return 0 if backfill(settings, spark, open_store(settings), day, click.echo) else 1
