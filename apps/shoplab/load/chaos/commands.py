"""`./lab chaos`."""

import signal
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shoplab.core.bench import json_option, write_figures
from shoplab.core.settings import Settings

if TYPE_CHECKING:
    from shoplab.load.chaos.run import Outcome


@click.command(short_help="Break things under a running stream; all must add up.")
@click.option("--quick", is_flag=True, help="Four faults instead of some fifty.")
@click.option("--runs", default=1, show_default=True, type=click.IntRange(1, 100), help="Labs, one after the other.")
@click.option("--seed", default=1, show_default=True, help="Of the first run: order and moments of the faults.")
@click.option("--only", multiple=True, help="Only this fault, as it is named when it is done; several times for more.")
@click.option("--away", type=click.FloatRange(1), help="Seconds without InfluxDB: 300, with --quick 20.")
@json_option
@click.pass_obj
def chaos(
    settings: Settings,
    quick: bool,
    runs: int,
    seed: int,
    only: tuple[str, ...],
    away: float | None,
    json_file: Path | None,
) -> None:
    """In a lab of its own, with a replay running: kills the stream at every place and at random moments, kills Kafka
    and HDFS, takes InfluxDB away, fills the disk, deletes checkpoint and topic, runs the batch jobs beside it. Then
    ./lab verify has to close, or to name exactly what Kafka lost. Exit code 1 where it does not.

    Example: ./lab chaos --quick --runs 3
    """
    from shoplab.load.chaos.faults import FAULTS
    from shoplab.load.chaos.run import plan

    if unknown := set(only) - set(FAULTS):
        raise click.BadParameter(f"{min(unknown)!r} is none of: {'; '.join(FAULTS)}", param_hint="--only")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what it started is to be stopped
    away_s = away or (20.0 if quick else 300.0)
    found = [_lab(settings, list(only) or plan(number, quick), number, away_s) for number in range(seed, seed + runs)]
    write_figures(json_file, [asdict(one) for one in found])
    if not all(one.closes for one in found):
        raise click.exceptions.Exit(1)


def _lab(settings: Settings, names: list[str], seed: int, away_s: float) -> "Outcome":
    """One run, and what it has to say."""
    from shoplab.core.console import step, table
    from shoplab.load.chaos.run import run

    with tempfile.TemporaryDirectory(prefix="shoplab-chaos-") as home, step(f"chaos, seed {seed}") as say:
        found = run(replace(settings, home=Path(home)), names, seed, say, away_s)
    table(["fault", "seconds to the next batch"], found.recoveries)
    click.echo("\n".join(found.said))
    click.echo(f"seed {seed}: {'closes' if found.closes else 'DOES NOT CLOSE'}")
    return found
