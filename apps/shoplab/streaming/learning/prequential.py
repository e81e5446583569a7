"""Prequential quality: before an event is learned from, was it in the list that would have been shown?

Source: Dawid 1984, The prequential approach; for streams of recommendations Vinagre, Jorge and Gama 2014. hit@20: the
share of events whose product was among the 20 of the list; MRR@20: the mean of 1 / its place there, 0 where it was not.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from shoplab.recommend.data.arrays import UNKNOWN, Floats, Ints
from shoplab.recommend.data.histories import read_histories
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.sources.popularity import Popularity
from shoplab.streaming.learning.cases import Case

TOP = 20
WINDOW_S = 900.0
NEWCOMERS = "newcomers"  # who is in no segment
ALL = "all"
SERVED, BASE, POPULAR = "served", "base", "popularity"  # the lists that are judged


class Judged(NamedTuple):
    """One event. at: unix seconds of its batch's arrival. segment: its user's name of one. increment: number of the
    served one. ranks: by list the product's place, 1 the first, 0 where the list does not hold it.
    """

    at: float
    segment: str
    increment: int
    ranks: dict[str, int]


class Figures(NamedTuple):
    """Means over `cases` events."""

    cases: int
    hit: float
    mrr: float


def judge(cases: Sequence[Case], served: Recommender, base: Recommender, at: float) -> list[Judged]:
    """The three lists for every case."""
    if not cases:
        return []
    ranks = {SERVED: ranks_of(served, cases)}
    ranks[BASE] = ranks[SERVED] if served is base else ranks_of(base, cases)
    ranks[POPULAR] = _ranks_in(_popular(served), served, cases)
    return [
        Judged(at, _segment(served, case), served.increment, {name: int(places[row]) for name, places in ranks.items()})
        for row, case in enumerate(cases)
    ]


def ranks_of(model: Recommender, cases: Sequence[Case]) -> Ints:
    """Per case the place of its product in the model's list of TOP, from 1; 0 for none."""
    histories = read_histories([case.user for case in cases], model.shoppers, model.products, model.feedback)
    lists, _ = model.ranker.recommend(histories, TOP)
    return _ranks_in(lists, model, cases)


def figures(judged: Sequence[Judged], name: str) -> Figures:
    """Of one of the lists; zeros of no events."""
    ranks = np.array([one.ranks[name] for one in judged], dtype=np.float64)
    if not len(ranks):
        return Figures(0, 0.0, 0.0)
    found = ranks > 0
    return Figures(len(ranks), float(found.mean()), float((found / np.maximum(ranks, 1)).mean()))


class Window:
    """What was judged in the last WINDOW_S."""

    def __init__(self) -> None:
        self._judged: deque[Judged] = deque()

    def add(self, judged: Sequence[Judged]) -> None:
        self._judged.extend(judged)
        while self._judged and self._judged[0].at <= self._judged[-1].at - WINDOW_S:
            self._judged.popleft()

    def by_segment(self) -> dict[str, list[Judged]]:
        """ALL, and each segment that was met."""
        found: dict[str, list[Judged]] = {ALL: list(self._judged)}
        for one in self._judged:
            found.setdefault(one.segment, []).append(one)
        return found


def _ranks_in(lists: Ints, model: Recommender, cases: Sequence[Case]) -> Ints:
    """lists: shape (cases or 1, TOP)."""
    sought = np.array([model.products.index.get(case.product_id, UNKNOWN) for case in cases], dtype=np.int64)
    found = (lists == sought[:, None]) & (sought[:, None] >= 0)
    return np.where(found.any(axis=1), found.argmax(axis=1) + 1, 0)


def _popular(model: Recommender) -> Ints:
    [scores] = [source.scores for source in model.ranker.finder.sources if isinstance(source, Popularity)] or [_none()]
    return np.argsort(-scores, kind="stable")[None, :TOP]


def _none() -> Floats:
    return np.empty(0, dtype=np.float32)


def _segment(model: Recommender, case: Case) -> str:
    row = model.shoppers.index.get(case.user.user_id, UNKNOWN)
    number = case.user.segment
    if number is None and row >= 0:
        number = model.shoppers.segment(row)
    known = number is not None and 0 <= number < len(model.segment_names)
    return model.segment_names[number] if known and number is not None else NEWCOMERS
