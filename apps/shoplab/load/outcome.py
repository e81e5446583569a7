"""What a load test found: shown, and kept in files and the metric store."""

import datetime as dt
from pathlib import Path
from typing import Any

import click
import orjson

from shoplab.core.console import table
from shoplab.core.private import give
from shoplab.core.settings import Settings
from shoplab.load.plan import Plan
from shoplab.load.points import load_points, write_load_points
from shoplab.load.verdict import Verdict

COLUMNS = ("request", "requests", "failures", "req/s", "p50 ms", "p95 ms", "p99 ms", "max ms")
_FIGURES = ("requests", "failures", "rate", "p50", "p95", "p99", "max")
_PHASE = ("phase", "rate", "p50", "p95", "p99", "failures")
_STEP = ("users", "rate", "p50", "p95", "failures")


def keep(settings: Settings, figures: dict[str, Any], plan: Plan, verdict: Verdict, json_file: Path | None) -> str:
    """Writes JSON, where a file was named, and metric points; says what kept the points from being written, or ""."""
    if json_file:
        told = figures | {"verdict": verdict.text, "generator_was_the_limit": verdict.is_generator}
        json_file.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        give(json_file)
    return write_load_points(settings, load_points(figures, plan, verdict, dt.datetime.now(dt.UTC)))


def show(figures: dict[str, Any], plan: Plan, report: Path) -> None:
    rows = [*figures["requests"], figures["total"] | {"name": "all"}]
    table(COLUMNS, [[row["name"], *[row[figure] for figure in _FIGURES]] for row in rows])
    if plan.steps:
        steps = [[row[figure] for figure in _STEP] for row in figures["steps"]]
        table(("users", "req/s", "p50 ms", "p95 ms", "failures"), steps, title="\nby step")
    if len(figures["phases"]) > 1:
        phases = [[row[figure] for figure in _PHASE] for row in figures["phases"]]
        table(("phase", "req/s", "p50 ms", "p95 ms", "p99 ms", "failures"), phases, title=f"\n{plan.shape}")
    for error in figures["errors"]:
        click.echo(f"{error['times']:,} × {error['name']}: {error['error']}")
    if figures["stopped"]:
        click.echo(f"ended before its time: {figures['stopped']}")
    click.echo(f"report: {report}; figures over time: {report.with_suffix('')}_*.csv")
