"""`./lab generate` and `./lab ingest`."""

from pathlib import Path

import click

from shoplab.core.settings import Settings


@click.command(short_help="Make up a month of shop events.")
@click.option(
    "--month", default="2019-10", show_default=True, help="Calendar month, YYYY-MM. Months of one seed share users."
)
@click.option("--events", type=int, required=True, help="How many events, 1 to 100,000,000.")
@click.option(
    "--seed", type=int, default=42, show_default=True, help="Another seed, other people; the same seed, the same bytes."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write: .csv, .csv.gz or .parquet.")
@click.option(
    "--truth", type=click.Path(path_type=Path), help="Also write each user's planted profile: .csv or .parquet."
)
@click.pass_obj
def generate(settings: Settings, month: str, events: int, seed: int, out: Path, truth: Path | None) -> None:
    """Make up shop events in the REES46 format, calibrated on October 2019. What is planted: docs/generator.md.

    \b
    Example:
      ./lab generate --month 2019-10 --events 1000000 --out oct.csv
      ./lab generate --month 2019-11 --events 300000 --out nov.csv.gz --truth nov-profiles.csv
    """
    from shoplab.core.console import step
    from shoplab.core.private import give
    from shoplab.events.generator import generate as generate_month

    with step(f"generate {month}") as say:
        made = generate_month(out, month, events, seed, truth, lambda done, all_: say(f"{done / all_:.0%}"))
    for path in (out, truth) if truth else (out,):
        give(path)
    people = f"{made.users:,} users, {made.sessions:,} sessions"
    click.echo(f"{out}: {made.rows:,} events of {made.month}, {people}, {made.seconds:.1f} s")
    if truth:
        click.echo(f"{truth}: the planted profile of each user")


@click.command(short_help="Take shop event files into HDFS.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--map",
    "mapping",
    metavar="NAME|FILE.yaml",
    help="How another shop's columns become the lab's; see docs/ingest.md.",
)
@click.option(
    "--max-rejected",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Refuse a file with a larger share of bad rows.",
)
@click.pass_obj
def ingest(settings: Settings, files: tuple[Path, ...], mapping: str | None, max_rejected: float) -> None:
    """Takes REES46 event files (.csv, .csv.gz, .zip, .parquet) into HDFS: the raw file as received, clean events by
    date, and every bad row with its line and reason. A file taken in twice adds nothing twice.

    Example: ./lab ingest 2019-Oct.csv.gz 2019-Nov.csv.gz
    """
    from shoplab.core.catalog import Catalog
    from shoplab.core.console import step
    from shoplab.core.frames import SparkCatalog
    from shoplab.core.jobs import submitted
    from shoplab.core.spark import spark_session
    from shoplab.events.job import ingest as ingest_file
    from shoplab.events.mapping import load_mapping
    from shoplab.events.sources import inspect

    columns = load_mapping(mapping)
    for path in files:
        inspect(path, columns)  # all of them, before Spark is started for the first
    if submitted(files=files, mapping=mapping, max_rejected=max_rejected):
        return
    Catalog(settings).claim()
    with spark_session(settings, "ingest") as spark:
        for path in files:
            with step(f"ingest {path.name}") as say:
                summary = ingest_file(SparkCatalog(settings, spark), path, columns, max_rejected, say)
            click.echo(summary.line())
