"""A load test as metric points."""

import datetime as dt
from contextlib import closing
from typing import Any

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings
from shoplab.load.plan import Plan
from shoplab.load.verdict import Verdict
from shoplab.metrics.point import Field, Point
from shoplab.metrics.store import open_store

_TIMES = ("p50", "p90", "p95", "p99")


def load_points(figures: dict[str, Any], plan: Plan, verdict: Verdict, at: dt.datetime) -> list[Point]:
    """load_test by request, load_phase by part of the shape, load_generator; docs/metrics.md."""
    shape = {"shape": plan.shape if plan.arrivals else "closed"}
    rows = [*figures["requests"], figures["total"] | {"name": "all"}]
    tests = [Point("load_test", shape | {"request": row["name"]}, _fields(row), at) for row in rows]
    phases = [Point("load_phase", shape | {"phase": row["phase"]}, _fields(row), at) for row in figures["phases"]]
    return [*tests, *phases, Point("load_generator", shape, _generator(figures["generator"], verdict), at)]


def write_load_points(settings: Settings, points: list[Point]) -> str:
    """What kept them from being written, or "": a load test does not fail for its metrics."""
    try:
        with closing(open_store(settings)) as store:
            store.write(points)
    except LabError as error:
        return f"no metrics were written: {error}"
    return ""


def _fields(row: dict[str, Any]) -> dict[str, Field]:
    times = {f"{name}_ms": float(row[name]) for name in _TIMES}
    return {"requests": row["requests"], "failures": row["failures"], "rate": row["rate"]} | times


def _generator(generator: dict[str, Any], verdict: Verdict) -> dict[str, Field]:
    counts = {name: generator[name] for name in ("processes", "cpu", "busy", "due", "in_time", "unsent")}
    times = {f"{name}_p95_ms": generator[name]["p95"] for name in ("lateness", "queued", "service")}
    return counts | times | {"was_limit": int(verdict.is_generator)}
