"""`./lab load`."""

from pathlib import Path
from typing import Any

import click

from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings
from shoplab.load.bounds import MAX_PROCESSES, MAX_RATE, MAX_REQUESTS, MAX_USERS, TARGETS, check_targets, seconds
from shoplab.load.plan import CONNECTIONS, DEFAULT_RATE, DEFAULT_SECONDS, Plan, check_plan, chosen_targets
from shoplab.load.shapes import SHAPES

_FILE = click.Path(dir_okay=False, path_type=Path)
_USERS = f"Users at once; of shoppers, their connections.  [default: 10; shoppers alone {CONNECTIONS}]"
_RATE = f"Requests a second, at the shape's height.  [default: {DEFAULT_RATE:g} of shoppers, others all they can]"


@click.command(short_help="Load the lab with many users, and measure how it answers.")
@click.argument("targets", nargs=-1, metavar=f"[{'|'.join(TARGETS)}]...")
@click.option("--users", type=click.IntRange(1, MAX_USERS), help=_USERS)
@click.option("--rate", type=click.FloatRange(1, MAX_RATE), help=_RATE)
@click.option("--time", "duration", help="How long: 30s, 2m; 10m at most.  [default: 30s; a soak 10m]")
@click.option("--shape", type=click.Choice(list(SHAPES)), help="How the shoppers' rate changes.  [default: steady]")
@click.option(
    "--unknown", default=0.3, show_default=True, type=click.FloatRange(0, 1), help="Share of visits by strangers."
)
@click.option("--read-only", is_flag=True, help="Shoppers only look: no events are sent.")
@click.option(
    "--with-stream", "streamed", metavar="RATE", type=click.FloatRange(1, MAX_RATE), help="Events a second beside it."
)
@click.option(
    "--processes", default=1, show_default=True, type=click.IntRange(1, MAX_PROCESSES), help="Locust's, for shoppers."
)
@click.option("--steps", default=0, type=click.IntRange(0, 20), help="Add the users in so many equal steps.")
@click.option("--requests", default=MAX_REQUESTS, type=click.IntRange(1, MAX_REQUESTS), help="Stop after so many.")
@click.option(
    "--fail-ratio", default=0.01, show_default=True, type=click.FloatRange(0, 1), help="Failures allowed, as a share."
)
@click.option("--report", type=_FILE, help="Locust's HTML report, CSV files beside it.  [default: .lab/load/TIME.html]")
@click.option("--json", "json_file", type=_FILE, help="Also write the figures here.")
@click.pass_obj
def load(settings: Settings, /, targets: tuple[str, ...], streamed: float | None, fail_ratio: float,
         report: Path | None, json_file: Path | None, **options: Any) -> None:  # fmt: skip
    """Loads the lab with Locust's users, prints how fast it answered, and writes a report. Targets: shoppers (the API),
    webhdfs (lists, reads, writes and appends small files), kafka (producers); all three unless named. Shoppers arrive
    by chance, whether answers come or not. Exit code 1 where more than --fail-ratio failed, or where Locust could not
    keep the rate up.

    \b
    Example:
      ./lab load --shape spike --rate 200 --time 1m shoppers
      ./lab load --rate 500 --processes 2 --with-stream 1000 shoppers
      ./lab load --users 100 --steps 5 --time 2m kafka
    """
    plan = _plan(chosen_targets(targets), **options)
    check_plan(plan, options["shape"])
    check_targets(settings, plan.targets)
    if streamed is not None:
        from shoplab.load.beside import check_stream

        check_stream(settings, streamed, plan.seconds)
    problems = _run(settings, plan, streamed, fail_ratio, report or _report_file(settings), json_file)
    for problem in problems:
        click.echo(f"lab: {problem}", err=True)
    if problems:
        raise click.exceptions.Exit(1)


def _plan(targets: list[str], users: int | None, duration: str | None, shape: str | None, steps: int,
          **more: Any) -> Plan:  # fmt: skip
    alone = targets == ["shoppers"] and not steps
    length = seconds(duration or DEFAULT_SECONDS.get(shape or "", "30s"))
    return Plan(targets, users or (CONNECTIONS if alone else 10), length, steps=steps, shape=shape or "steady", **more)


def _report_file(settings: Settings) -> Path:
    from datetime import datetime

    return settings.home / "load" / f"{datetime.now():%Y%m%d-%H%M%S}.html"


def _run(settings: Settings, plan: Plan, streamed: float | None, fail_ratio: float, report: Path,
         json_file: Path | None) -> list[str]:  # fmt: skip
    """Why it is no success, a line each."""
    from shoplab.core.console import step
    from shoplab.load.beside import stream_beside
    from shoplab.load.outcome import keep, show
    from shoplab.load.preflight import check_services
    from shoplab.load.run import run
    from shoplab.load.verdict import judge

    check_services(settings, plan.targets)
    report = report.absolute()
    with (
        step(f"load {', '.join(plan.targets)} with {plan.users} users for {plan.seconds} s") as say,
        stream_beside(settings, streamed, plan.seconds) as beside,
    ):
        figures = run(settings, plan, report, say)
    made, failed = figures["total"]["requests"], figures["total"]["failures"]
    if not made:
        raise ServiceError(f"not one request was answered; see {settings.log_dir / 'load.log'}")
    verdict = judge(figures, plan)
    kept = keep(settings, figures, plan, verdict, json_file)
    show(figures, plan, report)
    for line in filter(None, [*(f"beside it: {said}" for said in beside.said), kept]):
        click.echo(line)
    if not verdict.is_generator:
        click.echo(verdict.text)
    too_many = f"{failed:,} of {made:,} requests failed, more than --fail-ratio {fail_ratio:g}"
    return [verdict.text] * verdict.is_generator + [too_many] * (failed > fail_ratio * made)
