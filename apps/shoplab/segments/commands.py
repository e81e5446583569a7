"""`./lab segment`."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shoplab.settings import Settings

if TYPE_CHECKING:
    from shoplab.segments.job import SegmentSummary


@click.command(short_help="Group users into named segments and RFM classes.")
@click.option("--k", type=click.IntRange(1, 50), help="Number of segments. Default: the best silhouette in 3..10.")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Reference day of recency. Default: the data's last day."
)
@click.option("--engine", type=click.Choice(["auto", "spark", "scikit-learn"]), default="auto", show_default=True)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Also write one row per user: .parquet or .csv."
)
@click.pass_obj
def segment(settings: Settings, k: int | None, as_of: dt.datetime | None, engine: str, out: Path | None) -> None:
    """Groups users into named segments and RFM classes, and publishes the model.

    Example: ./lab segment --k 5 --out segments.csv
    """
    from shoplab.catalog import Catalog
    from shoplab.lab.submit import submitted
    from shoplab.segments.export import check_target, current_segments, write_segments

    if out is not None:
        check_target(out)
    Catalog(settings).need("users")
    if not submitted(settings, k=k, as_of=as_of, engine=engine):
        echo_summary(_segment(settings, k, as_of, engine))
    if out is not None:
        click.echo(f"{write_segments(current_segments(Catalog(settings)), out):,} users written to {out}")


def _segment(settings: Settings, k: int | None, as_of: dt.datetime | None, engine: str) -> "SegmentSummary":
    from shoplab.catalog import Catalog
    from shoplab.console import step
    from shoplab.metrics.jobs import write_job_points
    from shoplab.segments.job import segment as run
    from shoplab.segments.metrics import segment_points
    from shoplab.spark import spark_session

    with spark_session(settings, "segment") as spark, step("segment"):
        catalog = Catalog(settings, spark)
        summary = run(catalog, as_of.date() if as_of else None, k, engine)  # type: ignore[arg-type]
        write_job_points(settings, "segment", lambda: segment_points(catalog, summary))
    return summary


def echo_summary(summary: "SegmentSummary") -> None:
    """Prints the segments as a table."""
    from shoplab.console import table

    rows = [
        (row.name, row.users, f"{row.share:.1%}", f"{row.buyers:.0%}", row.sessions, row.orders, row.revenue)
        for row in summary.segments
    ]
    columns = ("segment", "users", "share", "buyers", "sessions", "orders", "revenue")
    table(columns, rows, f"{summary.users:,} users, as of {summary.as_of}, means per user ({summary.engine})")
