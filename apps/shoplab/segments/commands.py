"""`./lab segment`."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shoplab.core.bench import json_option, write_figures
from shoplab.core.settings import Settings

if TYPE_CHECKING:
    from shoplab.segments.job import SegmentRequest
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
    from shoplab.core.catalog import Catalog
    from shoplab.core.jobs import submitted
    from shoplab.segments.export import current_segments, write_segments
    from shoplab.segments.job import SegmentRequest

    _check_options(k, update, as_of, since, out)
    Catalog(settings).need("users")
    if update:
        Catalog(settings).current("models/segments")
    request = SegmentRequest(as_of and as_of.date(), since and since.date(), k, engine, update)  # type: ignore[arg-type]
    if not submitted(k=k, update=update, as_of=as_of, since=since, engine=engine):
        echo_summary(_segment(settings, request))
    if out is not None:
        click.echo(f"{write_segments(current_segments(Catalog(settings)), out):,} users written to {out}")


def _check_options(
    k: int | None, update: bool, as_of: dt.datetime | None, since: dt.datetime | None, out: Path | None
) -> None:
    from shoplab.segments.export import check_target

    if update and k is not None:
        raise click.UsageError("--update keeps the published segments, and so their number; leave out --k")
    if as_of and since and since > as_of:
        raise click.UsageError("--since is after --as-of: no day is left")
    if out is not None:
        check_target(out)


def _segment(settings: Settings, request: "SegmentRequest") -> "SegmentSummary":
    from shoplab.core.console import step
    from shoplab.core.frames import SparkCatalog
    from shoplab.core.spark import spark_session
    from shoplab.metrics.jobs import write_job_points
    from shoplab.segments.job import segment as run
    from shoplab.segments.points import segment_points

    with spark_session(settings, "segment") as spark, step("segment") as say:
        catalog = SparkCatalog(settings, spark)
        summary = run(catalog, request, say)
        write_job_points(settings, "segment", lambda: segment_points(catalog, summary))
    return summary


def echo_summary(summary: "SegmentSummary") -> None:
    """Prints the segments as a table, what they are worth, and what an update found."""
    from shoplab.core.console import table

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
    from shoplab.core.console import table

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


_BENCH_COLUMNS = (
    "shop", "engine", "users", "k", "ARI", "ARI, 5+ sessions", "inertia / best of 10", "same names", "fit (s)",
)  # fmt: skip


@click.command("segments")
@click.option("--events", default=200_000, show_default=True, type=click.IntRange(min=10_000), help="Of each shop.")
@click.option("--shops", default=3, show_default=True, type=click.IntRange(min=1), help="How many shops to make up.")
@click.option("--fits", default=10, show_default=True, type=click.IntRange(min=1), help="Seeds to compare names over.")
@json_option
@click.pass_obj
def bench_segments(settings: Settings, events: int, shops: int, fits: int, json_file: Path | None) -> None:
    """Segments made-up shops by both engines: are the planted profiles found, is k-means as good as scikit-learn's best
    of ten starts, do the names depend on the seed?

    Example: ./lab bench segments --shops 1 --json segments.json
    """
    from shoplab.core.console import table
    from shoplab.core.spark import spark_session
    from shoplab.segments.bench import measure

    with spark_session(settings, "bench segments") as spark:
        found = list(measure(spark, events, shops, fits))
    rows = [
        [one.shop, one.engine, one.users, one.k, one.ari, one.ari_frequent, f"{one.inertia_ratio:.4f}",
         f"{one.names_agree} of {one.fits}", one.seconds]
        for one in found
    ]  # fmt: skip
    table(_BENCH_COLUMNS, rows)
    write_figures(json_file, [one.as_json() for one in found])
