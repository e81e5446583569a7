"""What held a load back: the lab, Locust, or nothing."""

from dataclasses import dataclass
from typing import Any

from shoplab.load.plan import Plan

KEPT = 0.95  # of the rate, answered within the run: it was kept
FULL = 0.9  # of the time, in which Locust had work or waited for a core to do it on: it can do no more
LATE_MS = 10.0  # of the generator at the 95th percentile; less is of no account
QUEUED_MS = 10.0  # until a connection was free


@dataclass(frozen=True)
class Verdict:
    """is_generator: Locust was the limit, and the figures say more of it than of the lab."""

    text: str
    is_generator: bool = False


def judge(figures: dict[str, Any], plan: Plan) -> Verdict:
    """Of a run's figures, as loadtest/summary.py makes them."""
    return _of_arrivals(figures, plan) if plan.arrivals else _of_a_closed_loop(figures, plan)


def _of_arrivals(figures: dict[str, Any], plan: Plan) -> Verdict:
    generator, p95 = figures["generator"], figures["total"]["p95"]
    late, due, answered = generator["lateness"]["p95"], generator["due"], generator["in_time"]
    is_held_back = answered < KEPT * due or generator["queued"]["p95"] > QUEUED_MS
    rates = f"{answered:,} of {due:,} requests that were due were answered in time"
    own = f"{_own(generator)}, and sent {late:,.1f} ms late (p95)"
    if (generator["busy"] >= FULL and is_held_back) or (late > LATE_MS and late > p95 / 2):
        return Verdict(f"the load generator was the limit: {rates}; {own}; {_advice(generator, plan)}", True)
    if is_held_back:
        waited = f"they waited {generator['queued']['p95']:,.0f} ms (p95) for one of {plan.users} connections"
        return Verdict(f"the API was the limit: {rates}; {waited}; {own}")
    return Verdict(f"the rate was kept: {rates}; {own}")


def _own(generator: dict[str, Any]) -> str:
    used = f"Locust used {generator['cpu']:.0%} of a core"
    return f"{used}, had work or waited for a core {generator['busy']:.0%} of the time"


def _advice(generator: dict[str, Any], plan: Plan) -> str:
    if generator["cpu"] < FULL / 2:
        return "other work took the cores from it; lower --rate, or free a core"
    return f"lower --rate, or --processes {plan.processes + 1}"


def _of_a_closed_loop(figures: dict[str, Any], plan: Plan) -> Verdict:
    """Without a rate there is none to miss: what it can do is what it did."""
    generator, rate = figures["generator"], figures["total"]["rate"]
    is_missed = plan.rate is not None and rate < KEPT * plan.rate
    own = _own(generator)
    asked = f" at {rate:,.0f} of {plan.rate:,.0f} requests a second" if plan.rate is not None else ""
    if generator["busy"] >= FULL and (is_missed or plan.rate is None):
        return Verdict(f"the load generator was the limit{asked}: {own}", is_missed)
    if is_missed:
        return Verdict(f"the lab was the limit{asked}: all {plan.users} users waited for it; {own}")
    return Verdict(own)
