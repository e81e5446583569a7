"""The report's tables by name: what each is made from."""

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour import activity, paths
from shoplab.behaviour.cohorts import cohorts
from shoplab.behaviour.distributions import distributions
from shoplab.behaviour.facts import Facts
from shoplab.behaviour.funnels import funnel_by
from shoplab.behaviour.sequences import sampled, sequences
from shoplab.behaviour.trends import trends


@dataclass(frozen=True)
class Inputs:
    """What tables are made from, with the facts that set their bounds."""

    events: DataFrame
    sessions: DataFrame
    users: DataFrame
    habits: DataFrame
    touches: DataFrame
    bought: DataFrame
    walks: DataFrame
    facts: Facts


# By the names below analysis/; their schemas: core.schemas.analysis.
TABLES: dict[str, Callable[[Inputs], DataFrame]] = {
    "activity": lambda made: activity.activity(made.events),
    "categories": lambda made: activity.categories(made.events),
    "session_lengths": lambda made: activity.session_lengths(made.sessions),
    "visits": lambda made: activity.visits(made.users),
    "cohorts": lambda made: cohorts(made.sessions),
    "funnel": lambda made: activity.funnel(made.sessions, made.bought),
    "funnel_by": lambda made: funnel_by(made.touches, made.bought, made.facts.price_edges),
    "trends": lambda made: trends(made.touches, made.facts.days),
    "distributions": lambda made: distributions(made.sessions, made.users, made.habits, made.bought),
    "transitions": lambda made: paths.transitions(made.walks),
    "transitions_by_category": lambda made: paths.transitions_by_category(made.walks),
    "paths": lambda made: paths.typical_paths(made.walks),
    "paths_by_buyer": lambda made: paths.paths_by_buyer(made.walks),
    "flows": lambda made: paths.flows(made.walks),
    "sequences": lambda made: _sequences(made),
}


def _sequences(made: Inputs) -> DataFrame:
    sessions = made.facts.sessions - made.facts.robot_sessions
    steps = paths.steps(sampled(made.events, sessions), made.users, F.col("category_code"))
    return sequences(paths.named(steps), sessions)
