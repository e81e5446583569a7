"""`./lab evaluate`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from shoplab.core.settings import Settings

if TYPE_CHECKING:
    from shoplab.recommend.evaluate.protocols import Evaluation, EvaluationRequest

_FILE = click.Path(dir_okay=False, path_type=Path)
_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group(short_help="Hold the recommender to what shoppers did next, beside strong baselines.")
def evaluate() -> None:
    """Fits on one file, ranks the whole catalogue for the cases of a later one, and prints a leaderboard of every
    source, the blends, and implicit's item-kNN and BPR. Needs no running lab. What is measured: docs/evaluation.md.

    Example: ./lab evaluate next-month --train oct.csv --test nov.csv --out recs.parquet
    """


def _options(command: _Command) -> _Command:
    """What both protocols take."""
    options = [
        click.option("--train", required=True, type=_FILE, help="What to learn from."),
        click.option("--test", required=True, type=_FILE, help="What came after it."),
        click.option("--top", default=20, show_default=True, type=click.IntRange(1, 1000), help="Length of the lists."),
        click.option("--out", required=True, type=_FILE, help="Lists of the default blend, as Parquet."),
        click.option("--map", "map_name", metavar="NAME|FILE.yaml", help="For events of another shop, as at ingest."),
        click.option("--json", "json_file", type=_FILE, help="Also write all figures here."),
        click.option("--seed", default=7, show_default=True, help="Of fits, resamples and samples."),
        click.option("--ablation/--no-ablation", default=True, show_default=True, help="Refit without each source."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@evaluate.command("next-item", short_help="The next click of a visit, from those before it.")
@_options
@click.pass_obj
def next_item(settings: Settings, /, json_file: Path | None, **asked: Any) -> None:
    """For every test session and every item of it from the second on: the ranked list from the items before it.

    Files hold events (.csv, .csv.gz, .zip, .parquet), or one session per line of item ids. --out gets session (line
    number or session id), position (of the item to guess, from 1) and items, best first.

    Example: ./lab evaluate next-item --train train.txt --test test.txt --top 20 --out recs.parquet
    """
    from shoplab.recommend.evaluate.protocols import EvaluationRequest

    _run(settings, EvaluationRequest("next-item", **asked), json_file)


@evaluate.command("next-month", short_help="What users met in the next month.")
@_options
@click.pass_obj
def next_month(settings: Settings, /, json_file: Path | None, **asked: Any) -> None:
    """For every user of the test file, newcomers included: the products viewed, carted or bought in it.

    --out gets user_id, items (best first) and scores.

    Example: ./lab evaluate next-month --train oct.csv --test nov.csv --top 20 --out recs.parquet
    """
    from shoplab.recommend.evaluate.protocols import EvaluationRequest

    _run(settings, EvaluationRequest("next-month", **asked), json_file)


def _run(settings: Settings, request: "EvaluationRequest", json_file: Path | None) -> None:
    from shoplab.core.console import step
    from shoplab.recommend.evaluate import tables
    from shoplab.recommend.evaluate.files import check_target
    from shoplab.recommend.evaluate.protocols import evaluate as run
    from shoplab.recommend.evaluate.protocols import write_json

    check_target("--out", request.out, ".parquet")
    if json_file:
        check_target("--json", json_file, ".json")
    with step(f"evaluate {request.protocol}") as say:
        found = run(settings, request, say)
    tables.show(found.board, found.removed, found.ablated)
    _echo(found, request)
    if json_file:
        write_json(found, json_file)


def _echo(found: "Evaluation", request: "EvaluationRequest") -> None:
    for note in found.split.notes:
        click.echo(f"note: {note}")
    seconds = f"fitted in {found.seconds['fit']:.1f} s, all ranked in {found.seconds['rank']:.1f} s"
    click.echo(f"{request.out}: {found.board.cases:,} lists of the {found.board.default}; {seconds}")
