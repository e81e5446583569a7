"""`./lab generate`, `./lab ingest`, `./lab map` and `./lab rejected`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings

if TYPE_CHECKING:
    from shoplab.events.sources import SourceFile


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


class _Named(click.Path):
    """A path; "" is none, as an unset variable of a shell leaves it, and not the folder one stands in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(value, param, ctx) if value else self.fail('"" names no file', param, ctx)


@click.command(short_help="Take shop event files into HDFS.")
@click.argument("files", nargs=-1, required=True, type=_Named(path_type=Path, allow_dash=True))
@click.option(
    "--map",
    "mapping",
    metavar="NAME|FILE.yaml",
    help="How another shop's columns become the lab's; left out: guessed. See ./lab map.",
)
@click.option(
    "--max-rejected",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Refuse a file with a larger share of bad rows.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be taken in, and what would be rejected.")
@click.pass_obj
def ingest(
    settings: Settings, files: tuple[Path, ...], mapping: str | None, max_rejected: float, dry_run: bool
) -> None:
    """Takes event files (CSV, TSV, JSON lines, Parquet; also packed: gz, bz2, xz, zst, zip) into HDFS: the raw file as
    received, clean events by date, and every bad row with its line and reason. Folders are taken whole, "-" is what is
    piped in. A file taken in twice adds nothing twice.

    \b
    Examples:
      ./lab ingest 2019-Oct.csv.gz 2019-Nov.csv.gz
      ./lab ingest data --dry-run
      zcat 2019-Oct.csv.gz | ./lab ingest -
    """
    if max_rejected != max_rejected:
        raise click.UsageError("--max-rejected is a share from 0 to 1, not nan")
    from shoplab.core.jobs import submitted
    from shoplab.events.inputs import inspect_all, named
    from shoplab.events.mapping import given

    with named(files, settings.home / "tmp") as paths:
        sources, left_out = inspect_all(paths, given(mapping))
        for words in left_out:
            click.echo(words)
        if dry_run:
            _show(sources)
        elif not submitted(files=tuple(s.path for s in sources), mapping=mapping, max_rejected=max_rejected):
            _take_in(settings, sources, max_rejected)


def _show(sources: "list[SourceFile]") -> None:
    from shoplab.core.settings import load_settings
    from shoplab.core.spark import spark_session
    from shoplab.events.preview import preview

    settings = load_settings()  # not those of a cluster: files of this machine are read on this machine
    with spark_session(settings, "dry run") as spark:
        for source in sources:
            preview(spark, settings, source)


def _take_in(settings: Settings, sources: "list[SourceFile]", max_rejected: float) -> None:
    from shoplab.core.catalog import Catalog
    from shoplab.core.console import step
    from shoplab.core.frames import SparkCatalog
    from shoplab.core.spark import spark_session
    from shoplab.events.accounts import total
    from shoplab.events.job import ingest as ingest_file

    Catalog(settings).claim()
    summaries = []
    with spark_session(settings, "ingest") as spark:
        for source in sources:
            with step(f"ingest {source.path.name}") as say:
                summaries.append(ingest_file(SparkCatalog(settings, spark), source, max_rejected, say))
            click.echo(summaries[-1].line())
    if len(summaries) > 1:
        click.echo(total(summaries))


@click.command("map", short_help="Write a map of a file's columns, to edit.")
@click.argument("file", type=_Named(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="File to write; left out: beside you, FILE.map.yaml.")
@click.pass_obj
def write_map(settings: Settings, file: Path, out: Path | None) -> None:
    """Writes a commented YAML that says which of a file's columns is which, as far as names and values tell; mend it,
    then give it to ./lab ingest, replay or evaluate with --map.

    Example: ./lab map shop.csv && ./lab ingest shop.csv --map shop.map.yaml
    """
    from shoplab.core.private import write_new
    from shoplab.events.map_schema import schema
    from shoplab.events.map_writer import draft

    target = out or Path(f"{file.name.split('.')[0]}.map.yaml")
    editors = settings.home / "map.schema.json"
    text, missing = draft(file, editors)
    write_new(target, text.encode(), "name another with --out, or delete it")
    try:
        editors.parent.mkdir(parents=True, exist_ok=True)
        editors.write_text(json.dumps(schema(), indent=2), encoding="utf-8")
    except OSError as error:
        raise LabError(f"{editors} can't be written: {error.strerror}") from None
    still = f"; still to be filled in: {', '.join(missing)}" if missing else ""
    click.echo(f"{target}: look it over{still}; then: ./lab ingest {file} --map {target}")


@click.command("rejected", short_help="List the rows that were not taken in, or export them.")
@click.argument("file", required=False)
@click.option("--reason", help="Only rows whose reason has these words.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Rows to list.")
@click.option("--export", type=click.Path(path_type=Path), help="Write all of them as they were, to mend and ingest.")
@click.pass_obj
def rejected(settings: Settings, file: str | None, reason: str | None, limit: int, export: Path | None) -> None:
    """Lists bad rows with file, line, reason and content: without FILE how many each file has. --export writes them as
    they stood in their file; mended, they are taken in like any file.

    \b
    Examples:
      ./lab rejected
      ./lab rejected 2019-Oct.csv --reason price
      ./lab rejected 2019-Oct.csv --export mended.csv
    """
    from shoplab.core.catalog import Catalog
    from shoplab.events import rejects

    catalog = Catalog(settings)
    if export is not None:
        if file is None:
            raise click.UsageError("--export needs FILE: whose rows? ./lab rejected lists the files")
        click.echo(rejects.export(catalog, file, reason, export))
    elif file is None:
        rejects.show_files(catalog, reason)
    else:
        rejects.show_rows(catalog, file, reason, limit)
