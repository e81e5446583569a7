"""`./lab load`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings
from shoplab.load.bounds import MAX_REQUESTS, MAX_USERS, TARGETS

if TYPE_CHECKING:
    from shoplab.load.run import Plan, Summary

COLUMNS = ("request", "requests", "failures", "req/s", "p50 ms", "p95 ms", "p99 ms", "max ms")
_FIGURES = ("requests", "failures", "rate", "p50", "p95", "p99", "max")
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(short_help="Load the lab with many users, and measure how it answers.")
@click.argument("targets", nargs=-1, metavar=f"[{'|'.join(TARGETS)}]...")
@click.option("--users", default=10, show_default=True, type=click.IntRange(1, MAX_USERS), help="Users at once.")
@click.option("--rate", type=click.FloatRange(1, 100_000), help="Requests a second in all.  [default: all they can]")
@click.option("--time", "duration", default="30s", show_default=True, help="How long: 30s, 2m; 10m at most.")
@click.option("--steps", default=0, type=click.IntRange(0, 20), help="Add the users in so many equal steps.")
@click.option(
    "--requests", "most", default=MAX_REQUESTS, type=click.IntRange(1, MAX_REQUESTS), help="Stop after so many."
)
@click.option(
    "--fail-ratio", default=0.01, show_default=True, type=click.FloatRange(0, 1), help="Failures allowed, as a share."
)
@click.option("--report", type=_FILE, help="Locust's HTML report.  [default: .lab/load/TIME.html]")
@click.option("--json", "json_file", type=_FILE, help="Also write the figures here.")
@click.pass_obj
def load(settings: Settings, targets: tuple[str, ...], users: int, rate: float | None, duration: str, steps: int,
         most: int, fail_ratio: float, report: Path | None, json_file: Path | None) -> None:  # fmt: skip
    """Loads the lab with Locust's users, prints how fast it answered, and writes a report. Targets: shoppers (the API),
    webhdfs (lists, reads, writes and appends small files), kafka (producers); all three unless named. Exit code 1
    where more than --fail-ratio failed.

    \b
    Example:
      ./lab load --users 50 --time 1m shoppers
      ./lab load --users 100 --steps 5 --time 2m kafka
    """
    from shoplab.load.bounds import check_targets, seconds
    from shoplab.load.run import Plan

    plan = Plan(_chosen(targets, users, steps), users, seconds(duration), rate, most, steps)
    check_targets(settings, plan.targets)
    figures = _run(settings, plan, report or _report_file(settings), json_file)
    failed, made = figures["total"]["failures"], figures["total"]["requests"]
    if failed > fail_ratio * made:
        click.echo(f"lab: {failed:,} of {made:,} requests failed, more than --fail-ratio {fail_ratio:g}", err=True)
        raise click.exceptions.Exit(1)


def _chosen(targets: tuple[str, ...], users: int, steps: int) -> list[str]:
    """Each target once, in our order. LabError for an unknown one, or for fewer users than targets."""
    for unknown in [target for target in targets if target not in TARGETS]:
        raise LabError(f"no target {unknown}; there are {', '.join(TARGETS)}")
    chosen = [target for target in TARGETS if target in targets or not targets]
    if users < max(len(chosen), steps):
        raise LabError(f"--users {users} is too few for {', '.join(chosen)}{f' in {steps} steps' if steps else ''}")
    return chosen


def _report_file(settings: Settings) -> Path:
    from datetime import datetime

    return settings.home / "load" / f"{datetime.now():%Y%m%d-%H%M%S}.html"


def _run(settings: Settings, plan: "Plan", report: Path, json_file: Path | None) -> "Summary":
    import orjson

    from shoplab.core.console import step
    from shoplab.core.errors import ServiceError
    from shoplab.core.private import give
    from shoplab.load.preflight import check_services
    from shoplab.load.run import run

    check_services(settings, plan.targets)
    report = report.absolute()
    with step(f"load {', '.join(plan.targets)} with {plan.users} users for {plan.seconds} s") as say:
        figures = run(settings, plan, report, say)
    if json_file:
        json_file.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        give(json_file)
    if not figures["total"]["requests"]:
        raise ServiceError(f"not one request was answered; see {settings.log_dir / 'load.log'}")
    _print(figures, plan, report)
    return figures


def _print(figures: "Summary", plan: "Plan", report: Path) -> None:
    from shoplab.core.console import table

    rows = [*figures["requests"], figures["total"] | {"name": "all"}]
    table(COLUMNS, [[row["name"], *[row[figure] for figure in _FIGURES]] for row in rows])
    if plan.steps:
        steps = [[row["users"], row["rate"], row["p50"], row["p95"], row["failures"]] for row in figures["steps"]]
        table(("users", "req/s", "p50 ms", "p95 ms", "failures"), steps, title="\nby step")
    for error in figures["errors"]:
        click.echo(f"{error['times']:,} × {error['name']}: {error['error']}")
    if figures["stopped"]:
        click.echo(f"ended before its time: {figures['stopped']}")
    if plan.rate and figures["total"]["rate"] < 0.9 * plan.rate:
        click.echo(f"{plan.rate:,.0f} requests a second were asked for; {plan.users} users could not send more")
    click.echo(f"report: {report}")
