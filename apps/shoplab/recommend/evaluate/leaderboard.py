"""Who ranks best: every list held to the same targets, over all cases and slice by slice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend import measures
from shoplab.recommend.data.arrays import UNKNOWN, Ints
from shoplab.recommend.data.cases import unmet
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.evaluate.grouping import UserSegments
from shoplab.recommend.measures import MEASURES, Floats, Interval
from shoplab.recommend.ranking.blend import DISCOVERY, FIXED, LEARNED
from shoplab.recommend.ranking.ranker import SPREAD
from shoplab.recommend.sources.popularity import Popularity

BLENDS = (FIXED, LEARNED, SPREAD, DISCOVERY)
LENGTH = max(measures.CUTS)
COMPARED = ("recall@20", "NDCG@20", "MRR@20")
MANY = 1_000  # cases of a slice from which on a bad figure is no accident
_WITHOUT_MET = "the same, lists without items met"


@dataclass(frozen=True)
class JudgedCases:
    """Those who were recommended to. targets, unreachable: as in `measures`. visits: cases of one visit (or user) are
    alike. slices: name -> whether a case belongs to it.
    """

    histories: Histories
    targets: csr_matrix
    unreachable: Ints
    visits: Ints
    slices: Mapping[str, NDArray[np.bool_]]

    def __len__(self) -> int:
        return len(self.unreachable)

    def take(self, rows: Ints) -> "JudgedCases":
        """These cases, in ascending order; without slices."""
        return JudgedCases(self.histories.take(rows), self.targets[rows], self.unreachable[rows], self.visits[rows], {})


class TrainingFacts(NamedTuple):
    """Of the training log: visits that met each product, all visits, and each product's category, UNKNOWN for none."""

    met: Ints
    visits: int
    categories: Ints


@dataclass(frozen=True)
class Row:
    """One ranking. ahead: how far the blend that it is held to is above it, by COMPARED measure."""

    name: str
    kind: str
    measures: dict[str, Interval]
    coverage: float
    novelty: float
    gini: float
    categories: float
    ahead: dict[str, Interval]


@dataclass(frozen=True)
class Slice:
    """recall: name of a ranking -> mean recall@20 over the cases of the slice."""

    name: str
    cases: int
    recall: dict[str, float]


@dataclass(frozen=True)
class Board:
    """default: which of the blends is used, by validation; rows: held to the learned blend. new_rows: how well lists
    without what was met find what is new, of the new_cases that met such; held to the discovery blend.
    """

    cases: int
    default: str
    rows: list[Row]
    new_cases: int
    new_rows: list[Row]
    slices: list[Slice]
    warnings: list[str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"rows": _as_json(self.rows), "new_rows": _as_json(self.new_rows)}


def _as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [asdict(row) | _open(row.measures, "measures") | _open(row.ahead, "ahead") for row in rows]


def _open(intervals: Mapping[str, Interval], key: str) -> dict[str, Any]:
    return {key: {name: interval._asdict() for name, interval in intervals.items()}}


def judge(lists: Mapping[str, Ints], cases: JudgedCases, facts: TrainingFacts, default: str, seed: int) -> Board:
    """The whole board. lists: by name, LENGTH long and as many places more as a case has met products, that LENGTH are
    left without those.
    """
    shown = {name: ranked[:, :LENGTH] for name, ranked in lists.items()}
    any_product = {name: ranked for name, ranked in shown.items() if name != DISCOVERY}
    rows = _rows(any_product, cases, facts, LEARNED, seed)
    fresh, left = _only_new(lists, cases)
    slices = list(_slices(shown, left, cases, fresh))
    new = np.flatnonzero(np.diff(fresh.indptr) + cases.unreachable > 0)
    theirs = replace(cases, targets=fresh[new], unreachable=cases.unreachable[new], visits=cases.visits[new])
    new_rows = _rows({name: ranked[new] for name, ranked in left.items()}, theirs, facts, DISCOVERY, seed)
    return Board(len(cases), default, rows, len(new), new_rows, slices, below_popularity(slices))


def _only_new(lists: Mapping[str, Ints], cases: JudgedCases) -> tuple[csr_matrix, dict[str, Ints]]:
    """The targets that were not met before, and the first LENGTH of every list without what was."""
    met = cases.histories.matrix(cases.targets.shape[1])
    left = {name: measures.without(ranked, met, LENGTH) for name, ranked in lists.items()}
    return unmet(cases.targets, cases.histories), left


def _rows(shown: Mapping[str, Ints], cases: JudgedCases, facts: TrainingFacts, held_to: str, seed: int) -> list[Row]:
    figures = {name: measures.per_case(ranked, cases.targets, cases.unreachable) for name, ranked in shown.items()}
    drawn = measures.resampled_means(np.hstack(list(figures.values())), cases.visits, seed)
    resampled = dict(zip(figures, np.split(drawn, len(figures), axis=1), strict=True))
    best = _mean(figures[held_to]), resampled[held_to]
    return [_row(name, ranked, (_mean(figures[name]), resampled[name]), best, facts) for name, ranked in shown.items()]


def _row(name: str, shown: Ints, own: tuple[Floats, Floats], best: tuple[Floats, Floats], facts: TrainingFacts) -> Row:
    """own, best: means of the MEASURES and their resamples, of the ranking and of the one it is held to."""
    ahead = {
        measure: measures.interval(best[0][at] - own[0][at], best[1][:, at] - own[1][:, at])
        for at, measure in enumerate(MEASURES)
        if measure in COMPARED
    }
    return Row(
        name,
        "blend" if name in BLENDS else "baseline" if name.startswith("implicit ") else "source",
        {measure: measures.interval(own[0][at], own[1][:, at]) for at, measure in enumerate(MEASURES)},
        measures.coverage(shown, len(facts.met)),
        measures.novelty(shown, facts.met, facts.visits),
        measures.gini(shown, len(facts.met)),
        measures.categories(shown, facts.categories),
        ahead,
    )


def _mean(values: Floats) -> Floats:
    mean: Floats = values.mean(axis=0) if len(values) else np.zeros(values.shape[1])
    return mean


def slices_of(known: Ints, first_clicks: NDArray[np.bool_] | None, segments: UserSegments | None) -> dict[str, Any]:
    """By user (known: row in training, UNKNOWN for newcomers), place in the visit and segment, as far as they tell
    cases apart.
    """
    parts = {}
    if (known >= 0).any():
        parts = {"user met in training": known >= 0, "newcomer": known < 0}
    if first_clicks is not None:
        parts |= {"after the first click": first_clicks, "after later clicks": ~first_clicks}
    if segments is not None:
        of = np.where(known >= 0, segments.of[known] if len(segments.of) else UNKNOWN, UNKNOWN)
        parts |= {f"segment {name}": of == number for number, name in enumerate(segments.names)}
    return parts


def _slices(
    shown: Mapping[str, Ints], left: Mapping[str, Ints], cases: JudgedCases, fresh: csr_matrix
) -> Iterator[Slice]:
    """shown, left: lists as they are, and without what was met. fresh: the targets that were not met before."""
    met_before = csr_matrix(cases.targets - fresh)
    met_before.eliminate_zeros()
    nothing = np.zeros_like(cases.unreachable)
    whole = _recalls(shown, cases.targets, cases.unreachable)
    for name, mine in cases.slices.items():
        yield _slice(name, whole, mine)
    yield _slice("item met before", _recalls(shown, met_before, nothing), np.diff(met_before.indptr) > 0)
    new = np.diff(fresh.indptr) + cases.unreachable > 0
    yield _slice("item not met before", _recalls(shown, fresh, cases.unreachable), new)
    yield _slice(_WITHOUT_MET, _recalls(left, fresh, cases.unreachable), new)


def _recalls(lists: Mapping[str, Ints], targets: csr_matrix, unreachable: Ints) -> dict[str, Floats]:
    sought = np.maximum(np.diff(targets.indptr) + unreachable, 1)
    return {name: measures.hits(ranked, targets).sum(axis=1) / sought for name, ranked in lists.items()}


def _slice(name: str, recalls: Mapping[str, Floats], mine: NDArray[np.bool_]) -> Slice:
    count = int(mine.sum())
    return Slice(name, count, {one: float(recall[mine].mean()) if count else 0.0 for one, recall in recalls.items()})


def below_popularity(slices: Sequence[Slice]) -> list[str]:
    """A word on every large slice where showing the same to everybody would do better."""
    ours = [(one, DISCOVERY if one.name == _WITHOUT_MET else LEARNED) for one in slices]
    return [
        f"{one.name} ({one.cases:,} cases): the {blend}'s recall@20 {one.recall[blend]:.4f} is below"
        f" popularity's {one.recall[Popularity.name]:.4f}"
        for one, blend in ours
        if one.cases >= MANY and one.recall[blend] < one.recall[Popularity.name]
    ]
