"""The figures of a run, as JSON for ./lab load: by request name, in all, by step, and what failed."""

import json
from pathlib import Path

from locust import events
from locust.stats import calculate_response_time_percentile

PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
ERRORS = 5


@events.init_command_line_parser.add_listener
def add_option(parser):
    parser.add_argument("--summary", default="", help="Write the figures here", include_in_web_ui=False)
    parser.add_argument("--steps", type=int, default=0, help="Add the users in so many steps, with steps.py")


@events.quitting.add_listener
def write(environment, **_):
    if environment.parsed_options.summary:
        figures = summarise(environment)
        Path(environment.parsed_options.summary).write_text(json.dumps(figures), encoding="utf-8")


def summarise(environment):
    """Milliseconds, and requests a second. Locust keeps times over 100 ms with two digits, so percentiles are round."""
    stats = environment.stats
    entries = sorted(stats.entries.values(), key=lambda entry: (entry.method, entry.name))
    errors = sorted(stats.errors.values(), key=lambda error: -error.occurrences)[:ERRORS]
    return {
        "requests": [_row(entry) for entry in entries],
        "total": _row(stats.total),
        "steps": [step for step in getattr(environment.shape_class, "done", []) if step["requests"]],
        "errors": [
            {"name": f"{error.method} {error.name}", "error": str(error.error), "times": error.occurrences}
            for error in errors
        ],
        "stopped": environment.guard.stopped,
    }


def _row(entry):
    return {
        "name": f"{entry.method} {entry.name}".strip(),
        "requests": entry.num_requests,
        "failures": entry.num_failures,
        "rate": round(entry.total_rps, 2),
        "average": round(entry.avg_response_time, 2),
        **percentiles(entry.response_times),
        "max": round(entry.max_response_time or 0),
    }


def percentiles(times):
    """From Locust's histogram {milliseconds: how often}."""
    count = sum(times.values())
    return {name: calculate_response_time_percentile(times, count, share) for name, share in PERCENTILES.items()}
