"""What a load test is to do, and whether that is within the bounds."""

from dataclasses import dataclass

from shoplab.core.errors import LabError
from shoplab.load.bounds import MAX_REQUESTS, SHOPPERS, TARGETS
from shoplab.load.shapes import mean_factor

DEFAULT_RATE = 50.0  # requests a second of shoppers
DEFAULT_SECONDS = {"soak": "10m"}
CONNECTIONS = 100  # that shoppers share, where they are alone


@dataclass(frozen=True)
class Plan:
    """One load test. rate: requests a second in all, None for what is usual: DEFAULT_RATE of shoppers, others as fast
    as answers come. steps: 0 for a load by arrivals. unknown: share of the visits by strangers. read_only: shoppers
    send no events.
    """

    targets: list[str]
    users: int
    seconds: int
    rate: float | None = None
    requests: int = MAX_REQUESTS
    steps: int = 0
    shape: str = "steady"
    unknown: float = 0.3
    processes: int = 1
    read_only: bool = False

    @property
    def arrivals(self) -> float:
        """Requests a second of shoppers that are due whether answers come or not; 0 for none."""
        if self.steps or SHOPPERS not in self.targets:
            return 0.0
        return DEFAULT_RATE if self.rate is None else self.rate / len(self.targets)


def check_plan(plan: Plan, shape: str | None) -> None:
    """LabError for options that do not go together, or a run that is too large. shape: as given."""
    chosen = ", ".join(plan.targets)
    if plan.users < max(len(plan.targets), plan.steps):
        raise LabError(f"--users {plan.users} is too few for {chosen}{f' in {plan.steps} steps' if plan.steps else ''}")
    if shape and not plan.arrivals:
        raise LabError(f"--shape is of shoppers' arrivals: leave out --steps, or name {SHOPPERS}")
    if plan.processes > 1 and (plan.targets != [SHOPPERS] or plan.steps or plan.processes > plan.users):
        raise LabError(f"--processes is for {SHOPPERS} alone, without --steps, and --users is to be no fewer")
    made = plan.arrivals * plan.seconds * mean_factor(plan.shape)
    if made > MAX_REQUESTS:
        raise LabError(f"that makes {made:,.0f} requests, and {MAX_REQUESTS:,} are the most; lower --rate or --time")


def chosen_targets(named: tuple[str, ...]) -> list[str]:
    """Each target once, in our order; all where none is named. LabError for an unknown one."""
    for unknown in [target for target in named if target not in TARGETS]:
        raise LabError(f"no target {unknown}; there are {', '.join(TARGETS)}")
    return [target for target in TARGETS if target in named or not named]
