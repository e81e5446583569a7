"""What held a load back, told from its figures; times to one percent."""

from typing import Any

import pytest

from shoplab.load.latencies import Histogram, added
from shoplab.load.plan import Plan
from shoplab.load.verdict import judge

SHOPPERS = Plan(["shoppers"], users=100, seconds=30, rate=1_000)


def figures(p95: float = 8, **generator: Any) -> dict[str, Any]:
    calm = {"cpu": 0.4, "busy": 0.5, "due": 30_000, "in_time": 30_000, "lateness": 1.0, "queued": 0.0}
    values = calm | generator
    times = {name: {"p95": values[name]} for name in ("lateness", "queued")}
    return {"total": {"p95": p95, "rate": 900.0}, "generator": values | times}


@pytest.mark.parametrize(
    ("found", "is_generator", "told"),
    [
        (figures(), False, "the rate was kept: 30,000 of 30,000"),
        (figures(busy=0.97, cpu=0.95, in_time=20_000), True, "the load generator was the limit: 20,000 of 30,000"),
        (figures(busy=0.97), False, "the rate was kept"),  # much to do, but done
        (figures(busy=0.97, cpu=0.95, queued=80.0), True, "lower --rate, or --processes 2"),
        (figures(busy=0.97, cpu=0.1, queued=80.0), True, "other work took the cores from it"),
        (figures(p95=30, lateness=25.0), True, "waited for a core 50% of the time, and sent 25.0 ms late"),
        (figures(p95=3_000, lateness=25.0, in_time=20_000), False, "the API was the limit"),  # late, but of no weight
        (figures(p95=900, in_time=20_000, queued=800.0), False, "800 ms (p95) for one of 100 connections"),
        (figures(p95=90, queued=80.0), False, "the API was the limit"),
    ],
)
def test_the_limit_of_shoppers_that_arrive(found: dict[str, Any], is_generator: bool, told: str) -> None:
    verdict = judge(found, SHOPPERS)
    assert verdict.is_generator == is_generator
    assert told in verdict.text
    assert "\n" not in verdict.text


@pytest.mark.parametrize(
    ("busy", "rate", "is_generator", "told"),
    [
        (0.5, None, False, "Locust used 40% of a core"),
        (0.95, None, False, "the load generator was the limit: "),  # without a rate there is none to miss
        (0.95, 2_000.0, True, "the load generator was the limit at 900 of 2,000"),
        (0.5, 2_000.0, False, "the lab was the limit at 900 of 2,000 requests a second: all 10 users waited"),
        (0.95, 900.0, False, "Locust used"),
    ],
)
def test_the_limit_of_a_closed_loop(busy: float, rate: float | None, is_generator: bool, told: str) -> None:
    verdict = judge(figures(busy=busy), Plan(["kafka"], users=10, seconds=30, rate=rate))
    assert verdict.is_generator == is_generator
    assert told in verdict.text


def test_percentiles_of_added_histograms_are_right_to_one_percent() -> None:
    parts = Histogram(), Histogram()
    for number in range(1, 1_001):
        parts[number % 2].add(number / 10)
    both = added(parts)
    assert len(both) == 1_000
    assert both.percentiles() == pytest.approx({"p50": 50, "p90": 90, "p95": 95, "p99": 99}, rel=0.011)
    assert added([]).percentiles() == {"p50": 0, "p90": 0, "p95": 0, "p99": 0}
