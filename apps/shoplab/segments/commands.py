"""`./lab segment`."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shoplab.settings import Settings

if TYPE_CHECKING:
    from shoplab.segments.job import Request
    from shoplab.segments.summary import SegmentSummary

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(short_help="Group users into named segments and RFM classes; value and churn.")
@click.option("--k", type=click.IntRange(1, 50), help="Number of segments. Default: by silhouette, in 3..10.")
@click.option("--update", is_flag=True, help="Go on from the published segments instead of fitting new ones.")
@click.option(
    "--as-of", type=_DAY, help="Last day that counts, from which recency is counted. Default: the data's last."
)
@click.option("--since", type=_DAY, help="First day that counts. Default: all history loaded.")
@click.option("--engine", type=click.Choice(["auto", "spark", "scikit-learn"]), default="auto", show_default=True)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Also write one row per user: .parquet or .csv."
)
@click.pass_obj
def segment(
    settings: Settings,
    k: int | None,
    update: bool,
    as_of: dt.datetime | None,
    since: dt.datetime | None,
    engine: str,
    out: Path | None,
) -> None:
    """Groups users into named segments and RFM classes, estimates what they are worth, and publishes the model.

    \b
    Examples: ./lab segment --as-of 2019-10-31 --out segments.csv
              ./lab segment --update      after the next month was taken in and analysed
    """
    from shoplab.catalog import Catalog
    from shoplab.lab.submit import submitted
    from shoplab.segments.export import check_target, current_segments, write_segments
    from shoplab.segments.job import Request

    if update and k is not None:
        raise click.UsageError("--update keeps the published segments, and so their number; leave out --k")
    if as_of and since and since > as_of:
        raise click.UsageError("--since is after --as-of: no day is left")
    if out is not None:
        check_target(out)
    Catalog(settings).need("users")
    if update:
        Catalog(settings).current("models/segments")
    request = Request(as_of and as_of.date(), since and since.date(), k, engine, update)  # type: ignore[arg-type]
    if not submitted(settings, k=k, update=update, as_of=as_of, since=since, engine=engine):
        echo_summary(_segment(settings, request))
    if out is not None:
        click.echo(f"{write_segments(current_segments(Catalog(settings)), out):,} users written to {out}")


def _segment(settings: Settings, request: "Request") -> "SegmentSummary":
    from shoplab.catalog import Catalog
    from shoplab.console import step
    from shoplab.metrics.jobs import write_job_points
    from shoplab.segments.job import segment as run
    from shoplab.segments.metrics import segment_points
    from shoplab.spark import spark_session

    with spark_session(settings, "segment") as spark, step("segment") as say:
        catalog = Catalog(settings, spark)
        summary = run(catalog, request, say)
        write_job_points(settings, "segment", lambda: segment_points(catalog, summary))
    return summary


def echo_summary(summary: "SegmentSummary") -> None:
    """Prints the segments as a table, what they are worth, and what an update found."""
    from shoplab.console import table

    worth = {row["segment_name"]: row for row in (summary.value or {}).get("segments", [])}
    unknown: dict[str, float | None] = {"p_alive": None, "clv": None}
    rows = [
        (
            row.name,
            row.users,
            f"{row.share:.1%}",
            f"{row.buyers:.0%}",
            row.sessions,
            row.orders,
            row.revenue,
            _number(worth.get(row.name, unknown)["p_alive"]),
            _number(worth.get(row.name, unknown)["clv"], ",.0f"),
        )
        for row in summary.segments
    ]
    columns = ("segment", "users", "share", "buyers", "sessions", "orders", "revenue", "P(alive)", "CLV 30 d")
    title = f"{summary.users:,} users, as of {summary.as_of}, means per user, the last two per buyer ({summary.engine})"
    table(columns, rows, title)
    if summary.silhouettes:
        curve = "  ".join(f"{k}: {value:.2f}" for k, value in sorted(summary.silhouettes.items()))
        click.echo(f"k = {summary.k}, chosen by silhouette ({curve})")
    for text in summary.left_out:
        click.echo(f"left out: {text}")
    if summary.update:
        _echo_update(summary.update)


def _echo_update(update: dict[str, Any]) -> None:
    from shoplab.console import table

    names, moves = update["migration"]["names"], update["migration"]["users"]
    click.echo(
        f"since {update['from_as_of']}: {update['shared_users']:,} users seen again, {update['newcomers']:,} new;"
        f" adjusted Rand index {_number(update['ari'])}; silhouette {_number(update['silhouette']['before'])} with the"
        f" earlier centres, {_number(update['silhouette']['after'])} with the moved ones"
    )
    click.echo("PSI: " + "  ".join(f"{name} {value:.3f}" for name, value in update["psi"].items()))
    if update["shared_users"]:
        change = update["size_change"]
        rows = [
            (name, f"{change[name]:+.1%}" if name in change else "new", *row)
            for name, row in zip(names, moves, strict=True)
        ]
        table(("from \\ to", "size", *names), rows, "users who moved from row to column, and each segment's growth")
    click.echo(update["advice"] or "no drift: the segments still fit")


def _number(value: float | None, form: str = ".2f") -> str:
    return "–" if value is None else format(value, form)
