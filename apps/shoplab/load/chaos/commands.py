"""`./lab chaos`."""

import signal
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import click

from shoplab.core.bench import json_option, write_figures
from shoplab.core.settings import Settings


@click.command(short_help="Break things under a running stream; all must add up.")
@click.option("--quick", is_flag=True, help="Four faults instead of some fifty.")
@click.option("--runs", default=1, show_default=True, type=click.IntRange(1, 100), help="Labs, one after the other.")
@click.option("--seed", default=1, show_default=True, help="Of the first run: order and moments of the faults.")
@click.option("--only", multiple=True, help="Only this fault, as it is named when it is done; several times for more.")
@json_option
@click.pass_obj
def chaos(settings: Settings, quick: bool, runs: int, seed: int, only: tuple[str, ...], json_file: Path | None) -> None:
    """In a lab of its own, with a replay running: kills the stream at every place and at random moments, kills Kafka
    and HDFS, fills the disk, deletes checkpoint and topic, and runs the batch jobs beside it. Then ./lab verify has to
    close, or to name exactly what Kafka lost. Exit code 1 where it does not.

    Example: ./lab chaos --quick --runs 3
    """
    from shoplab.core.console import step, table
    from shoplab.load.chaos.faults import FAULTS
    from shoplab.load.chaos.run import plan, run

    if unknown := set(only) - set(FAULTS):
        raise click.BadParameter(f"{min(unknown)!r} is none of: {'; '.join(FAULTS)}", param_hint="--only")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what it started is to be stopped
    found = []
    for number in range(seed, seed + runs):
        names = list(only) or plan(number, quick)
        with tempfile.TemporaryDirectory(prefix="shoplab-chaos-") as home, step(f"chaos, seed {number}") as say:
            found.append(run(replace(settings, home=Path(home)), names, number, say))
        table(["fault", "seconds to the next batch"], found[-1].recoveries)
        click.echo("\n".join(found[-1].said))
        click.echo(f"seed {number}: {'closes' if found[-1].closes else 'DOES NOT CLOSE'}")
    write_figures(json_file, [asdict(one) for one in found])
    if not all(one.closes for one in found):
        raise click.exceptions.Exit(1)
