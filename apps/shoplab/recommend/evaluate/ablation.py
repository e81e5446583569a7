"""What each source is worth: the blend without it, on the same cases."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shoplab.core.console import Say
from shoplab.recommend import measures
from shoplab.recommend.data.arrays import Ints
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.evaluate.leaderboard import LENGTH, JudgedCases
from shoplab.recommend.measures import MEASURES, Floats, Interval

SAMPLE = 10_000  # cases ranked again without each source
LOOKED_AT = ("recall@20", "MRR@20")


class Evaluated(Protocol):
    """What an evaluation asks of a trained ranking; see recommend.ranking.ranker.Ranker."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def default(self) -> str: ...
    @property
    def validation(self) -> dict[str, float]: ...
    @property
    def validation_of_new(self) -> dict[str, float]: ...
    def rankings(self, histories: Histories, top: int, sources: bool) -> dict[str, Ints]: ...
    def recommend(self, histories: Histories, top: int) -> tuple[Ints, NDArray[np.float32]]: ...
    def without(self, source: str) -> "Evaluated": ...


@dataclass(frozen=True)
class Removed:
    """The default blend without one source. change: to the figure with it, same cases; below 0: the source helps."""

    source: str
    measures: dict[str, Interval]
    change: dict[str, Interval]

    @property
    def verdict(self) -> str:
        change = self.change[LOOKED_AT[0]]
        return "helps" if change.high < 0 else "harms" if change.low > 0 else "no difference shown"

    def as_json(self) -> dict[str, Any]:
        opened = {key: {name: i._asdict() for name, i in getattr(self, key).items()} for key in ("measures", "change")}
        return {"source": self.source, **opened, "verdict": self.verdict}


def sample(cases: JudgedCases, seed: int) -> JudgedCases:
    """At most SAMPLE of the cases."""
    if len(cases) <= SAMPLE:
        return cases
    return cases.take(np.sort(np.random.default_rng(seed).choice(len(cases), SAMPLE, replace=False)))


def ablate(ranker: Evaluated, cases: JudgedCases, seed: int, say: Say) -> list[Removed]:
    """The blend refitted without each source in turn."""
    name = ranker.default
    whole = _figures(ranker, cases, name)
    found = []
    for source in ranker.names:
        say(f"without {source}")
        found.append(_removed(source, whole, _figures(ranker.without(source), cases, name), cases.visits, seed))
    return found


def _figures(ranker: Evaluated, cases: JudgedCases, blend: str) -> Floats:
    lists = ranker.rankings(cases.histories, LENGTH, False)[blend]
    return measures.per_case(lists, cases.targets, cases.unreachable)[:, [MEASURES.index(name) for name in LOOKED_AT]]


def _removed(source: str, whole: Floats, part: Floats, visits: Ints, seed: int) -> Removed:
    values = np.hstack([part, part - whole])
    drawn = measures.resampled_means(values, visits, seed)
    means = values.mean(axis=0) if len(values) else np.zeros(values.shape[1])
    found = [measures.interval(mean, drawn[:, at]) for at, mean in enumerate(means)]
    count = len(LOOKED_AT)
    return Removed(
        source,
        dict(zip(LOOKED_AT, found[:count], strict=True)),
        dict(zip(LOOKED_AT, found[count:], strict=True)),
    )
