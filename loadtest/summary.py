"""The figures of a run, as JSON for ./lab load: by request name, in all, by step or phase, of Locust, what failed."""

import csv
import json
from pathlib import Path

from locust import events
from locust.stats import PERCENTILES_TO_REPORT, StatsCSV, calculate_response_time_percentile

from shoplab.load.shapes import SHAPES

PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
ERRORS = 5


@events.init_command_line_parser.add_listener
def add_option(parser):
    parser.add_argument("--summary", default="", help="Write the figures here", include_in_web_ui=False)
    parser.add_argument("--steps", type=int, default=0, help="Add the users in so many steps, with steps.py")


@events.quitting.add_listener
def write(environment, **_):
    options = environment.parsed_options
    if options.csv_prefix:
        _write_csv(environment, options.csv_prefix)
    if options.summary and not options.worker:
        figures = summarise(environment)
        Path(options.summary).write_text(json.dumps(figures), encoding="utf-8")


def _write_csv(environment, prefix):
    """Once more, at the end: Locust writes them every second, and what came in the last one would be missing."""
    stats = StatsCSV(environment, PERCENTILES_TO_REPORT)
    for name, rows in {"stats": stats.requests_csv, "failures": stats.failures_csv}.items():
        with Path(f"{prefix}_{name}.csv").open("w", encoding="utf-8", newline="") as file:
            rows(csv.writer(file))


def summarise(environment):
    """Milliseconds, and requests a second. Of the user classes all, but phases and generator: of shoppers that
    arrive.
    """
    stats = environment.stats
    entries = sorted(stats.entries.values(), key=lambda entry: (entry.method, entry.name))
    errors = sorted(stats.errors.values(), key=lambda error: -error.occurrences)[:ERRORS]
    return {
        "requests": [_row(environment, entry) for entry in entries],
        "total": _row(environment, stats.total),
        "steps": [step for step in getattr(environment.shape_class, "done", []) if step["requests"]],
        "phases": _phases(environment),
        "generator": _generator(environment.figures),
        "errors": [
            {"name": f"{error.method} {error.name}", "error": str(error.error), "times": error.occurrences}
            for error in errors
        ],
        "stopped": environment.guard.stopped,
    }


def _row(environment, entry):
    figures, name = environment.figures, f"{entry.method} {entry.name}".strip()
    is_total = entry is environment.stats.total
    times = figures.all_times() if is_total else figures.times("names", name)
    return {
        "name": name,
        "requests": entry.num_requests,
        "failures": entry.num_failures,
        "rate": round(entry.total_rps, 2),
        "average": round(entry.avg_response_time, 2),
        **times.percentiles(),
        "max": round(entry.max_response_time or 0),
    }


def _phases(environment):
    """Figures of the requests that were due in each phase of the shape. rate: of those sent."""
    options, figures = environment.parsed_options, environment.figures
    rows = []
    for number, phase in enumerate(SHAPES[options.shape] if options.arrivals > 0 else ()):
        times = figures.times("phases", number)
        seconds = phase.share * (options.seconds or options.run_time or 0)
        rate = round(len(times) / seconds, 2) if seconds else 0.0
        rows.append(
            {"phase": phase.name, "requests": len(times), "failures": figures.failed(number), "rate": rate}
            | times.percentiles()
        )
    return rows


def _generator(figures):
    """cpu, busy: of the process that had most to do, as parts of one core and of the time. Others: see recorder."""
    processes = figures.all()
    return {
        "processes": len(processes),
        "cpu": round(max(one["cpu"] for one in processes), 3),
        "busy": round(max(one["busy"] for one in processes), 3),
        "due": figures.total("due"),
        "unsent": figures.total("unsent"),
        "in_time": figures.total("in_time"),
        "lateness": figures.times("lateness").percentiles(),
        "queued": figures.times("queued").percentiles(),
        "service": figures.times("service").percentiles(),
    }


def percentiles(times):
    """From Locust's histogram {milliseconds: how often}."""
    count = sum(times.values())
    return {name: calculate_response_time_percentile(times, count, share) for name, share in PERCENTILES.items()}
