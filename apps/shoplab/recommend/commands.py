"""`./lab train`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shoplab.core.bench import json_option, write_figures
from shoplab.core.settings import Settings

if TYPE_CHECKING:
    from shoplab.recommend.job import TrainSummary


@click.command(short_help="Train the recommender on all events.")
@click.option("--engine", type=click.Choice(["auto", "spark", "implicit"]), default="auto", show_default=True)
@click.option("--rank", type=click.IntRange(2, 512), default=32, show_default=True, help="Length of the ALS vectors.")
@click.option("--force", is_flag=True, help="Publish also a model that does worse than the current one.")
@click.option(
    "--most-of-category",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Products of one category in a list, before all others have had their turn; 0: no limit.",
)
@click.pass_obj
def train(settings: Settings, engine: str, rank: int, force: bool, most_of_category: int) -> None:
    """Trains the recommender on all events and publishes it, unless it does worse than the current one.

    Example: ./lab train --engine spark --rank 64
    """
    from shoplab.core.catalog import Catalog
    from shoplab.core.console import step
    from shoplab.core.frames import SparkCatalog
    from shoplab.core.jobs import submitted
    from shoplab.core.spark import spark_session
    from shoplab.metrics.jobs import write_job_points
    from shoplab.recommend.job import train as run
    from shoplab.recommend.model.files import load_current
    from shoplab.recommend.points import model_points

    Catalog(settings).need("events")
    if submitted(engine=engine, rank=rank, force=force, most_of_category=most_of_category):
        return
    with spark_session(settings, "train") as spark, step("train") as say:
        summary = run(SparkCatalog(settings, spark), engine, rank, force, most_of_category, say)  # type: ignore[arg-type]
    write_job_points(settings, "train", lambda: model_points(load_current(Catalog(settings)), summary))
    echo_summary(summary)


def echo_summary(summary: "TrainSummary") -> None:
    """Prints what was trained, in one line."""
    click.echo(
        f"recommender {summary.version}: {summary.users:,} users, {summary.products:,} products, "
        f"{summary.pairs:,} pairs, {summary.segments} segments; {summary.blend}, "
        f"ALS by {summary.engine}, rank {summary.rank}; {summary.seconds} s"
    )
    click.echo(summary.verdict.words)


@click.command("recommender")
@click.option("--train", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--test", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--pairs", default=1_350_000, show_default=True, type=click.IntRange(min=1_000), help="For ALS.")
@click.option("--runs", default=5, show_default=True, type=click.IntRange(min=1), help="Of ALS, each way.")
@json_option
@click.pass_obj
def bench_recommender(
    settings: Settings, train: Path, test: Path, pairs: int, runs: int, json_file: Path | None
) -> None:
    """Times fitting the recommender on one file of events or sessions and ranking every prefix of another, and ALS
    against `implicit` called directly. How good the lists are says ./lab evaluate.

    Example: ./lab bench recommender --train train.txt --test test.txt
    """
    from shoplab.core.console import step, table
    from shoplab.core.spark import spark_session
    from shoplab.recommend.bench import measure
    from shoplab.recommend.evaluate.readers import read_split

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
    write_figures(json_file, found.as_json())
