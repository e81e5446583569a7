"""`./lab train`."""

from typing import TYPE_CHECKING

import click

from shoplab.settings import Settings

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
    from shoplab.catalog import Catalog
    from shoplab.console import step
    from shoplab.lab.submit import submitted
    from shoplab.metrics.jobs import write_job_points
    from shoplab.recommend.job import load_current
    from shoplab.recommend.job import train as run
    from shoplab.recommend.metrics import model_points
    from shoplab.spark import spark_session

    Catalog(settings).need("events")
    if submitted(settings, engine=engine, rank=rank, force=force, most_of_category=most_of_category):
        return
    with spark_session(settings, "train") as spark, step("train") as say:
        summary = run(Catalog(settings, spark), engine, rank, force, most_of_category, say)  # type: ignore[arg-type]
    write_job_points(settings, "train", lambda: model_points(load_current(settings), summary))
    echo_summary(summary)


def echo_summary(summary: "TrainSummary") -> None:
    """Prints what was trained, in one line."""
    click.echo(
        f"recommender {summary.version}: {summary.users:,} users, {summary.products:,} products, "
        f"{summary.pairs:,} pairs, {summary.segments} segments; {summary.blend}, "
        f"ALS by {summary.engine}, rank {summary.rank}; {summary.seconds} s"
    )
    click.echo(summary.verdict.words)
