"""Fits every source on a log, and both blends on its newest part, which the sources must not have seen."""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.console import Say
from shoplab.recommend.als import Factors
from shoplab.recommend.blend import FIXED, LEARNED, Blend, Fixed, Learned, tuned
from shoplab.recommend.candidates import CHUNK, NAMES, OWNER_OF_COLUMN, Candidates, Finder, beyond, top_lists
from shoplab.recommend.content import Content
from shoplab.recommend.evaluate import measures
from shoplab.recommend.histories import Histories, of_users, prefixes
from shoplab.recommend.log import DAY_S, Ints, Log
from shoplab.recommend.sources import SOURCES, Training
from shoplab.recommend.sources.base import Floats
from shoplab.recommend.trees import Trees

Protocol = Literal["next-item", "next-month"]
TOP = 20
SPREAD = "spread blend"  # the default one with MOST_OF_CATEGORY, to see what variety costs
MOST_OF_CATEGORY = 5
LATER_DAYS, LATER_VISITS, LATER_SHARE = 7.0, 12_000, 0.1  # next-item: the newest visits, at most so many
HORIZON_DAYS, HORIZON_SHARE = 30.0, 0.25  # next-month: a month, at most this share of the log's time
CASES, TO_TUNE = 40_000, 3_000  # cases that the trees learn from; that the formula's weights are tried on
CHECKED = 0.25  # of the cases, kept from learning, to choose the better blend by
NEGATIVES = 0.15  # of the candidates that were not met, drawn at random
_FEWEST = 50  # cases with a hit, below which nothing can be learned


@dataclass(frozen=True)
class Sample:
    """Candidates the trees learn from, rows as in Candidates.seen."""

    seen: NDArray[np.float64]
    hit: NDArray[np.bool_]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class Checks:
    """Cases kept from learning: what is measured on them can be compared with another model's.

    times: unix seconds of what was met next; values: NDCG@20 of the default blend; user_ids: of histories.known.
    """

    histories: Histories
    targets: csr_matrix
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    user_ids: tuple[str, ...]


@dataclass(frozen=True)
class Trained:
    """Sources fitted on the whole log, and the blends. validation: NDCG@20 of every blend on the checked cases.
    most_of_category: products of one category in a list, before all others have had their turn; 0: no limit.
    """

    finder: Finder
    fixed: Fixed
    learned: Learned | None
    validation: dict[str, float]
    checks: "Checks | None" = None
    sample: Sample | None = None
    left_out: str | None = None
    most_of_category: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in NAMES if name != self.left_out)

    @property
    def default(self) -> str:
        """The blend that did better on validation."""
        better = self.learned and self.validation.get(LEARNED, 0.0) >= self.validation.get(FIXED, 0.0)
        return LEARNED if better else FIXED

    @property
    def blend(self) -> Blend:
        return self.learned if self.learned and self.default == LEARNED else self.fixed

    def blends(self) -> dict[str, Blend]:
        return {FIXED: self.fixed} | ({LEARNED: self.learned} if self.learned else {})

    def rank(self, histories: Histories, top: int, sources: bool = True) -> dict[str, Ints]:
        """Name of each source and blend -> products, best first, shape (cases, top), UNKNOWN for no more."""
        found: dict[str, list[Ints]] = {}
        for first, candidates in self.finder.chunks(histories, self.left_out):
            cases = min(CHUNK, len(histories) - first)
            scores = {name: blend.scores(candidates) for name, blend in self.blends().items()}
            if sources:
                scores |= {name: found for name, found in _alone(candidates).items() if name in self.names}
            for name, values in scores.items():
                found.setdefault(name, []).append(_lists(candidates, values, cases, top, name in NAMES)[0])
            if sources:
                spread, _ = self._ordered(candidates, scores[self.default], cases, top, MOST_OF_CATEGORY)
                found.setdefault(SPREAD, []).append(spread)
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def ranked(self, histories: Histories, top: int) -> tuple[Ints, Floats]:
        """Lists and scores of the default blend, each of shape (cases, top)."""
        parts = [
            self.ordered(c, min(CHUNK, len(histories) - first), top)
            for first, c in self.finder.chunks(histories, self.left_out)
        ]
        lists, scores = zip(*parts, strict=True) if parts else ([np.empty((0, top), np.int64)], [np.empty((0, top))])
        return np.concatenate(lists), np.concatenate(scores)

    def ordered(self, candidates: Candidates, cases: int, top: int) -> tuple[Ints, Floats]:
        """Items and scores of the default blend, as `top_lists`."""
        return self._ordered(candidates, self.blend.scores(candidates), cases, top, self.most_of_category)

    def _ordered(
        self, c: Candidates, scores: NDArray[np.float64], cases: int, top: int, most: int
    ) -> tuple[Ints, Floats]:
        categories = self.finder.catalogue.known_categories
        last = beyond(c.owners, categories[c.items], scores, most) if most else None
        return top_lists(c.owners, c.items, scores, cases, top, last)

    def without(self, source: str) -> "Trained":
        """The same with the trees learned anew as if there were no such source."""
        if self.sample is None:
            return replace(self, left_out=source)
        silent = np.array([owner == source for owner in OWNER_OF_COLUMN])
        seen = self.sample.seen.copy()
        seen[:, silent] = 0
        kept = (seen[:, : 3 * len(NAMES)] != 0).any(axis=1)
        trees = Trees.fit(seen[kept], self.sample.hit[kept], self.sample.weights[kept], 7)
        return replace(self, learned=Learned(trees), left_out=source)


def _alone(candidates: Candidates) -> dict[str, NDArray[np.float64]]:
    """Score of every source by itself."""
    scaled = candidates.scaled().astype(np.float64)
    return {name: scaled[:, column] for column, name in enumerate(NAMES)}


def _lists(
    candidates: Candidates, scores: NDArray[np.float64], cases: int, top: int, silent: bool
) -> tuple[Ints, Floats]:
    """`silent`: a source by itself shows only what it found, and behind it what is popular."""
    if silent:
        popular = candidates.scaled()[:, NAMES.index("popularity")].astype(np.float64)
        scores = np.where(scores > 0, 1 + scores, popular)
    return top_lists(candidates.owners, candidates.items, scores, cases, top)


def fit(
    log: Log,
    protocol: Protocol,
    segments: NDArray[np.int16] | None = None,
    names: tuple[str, ...] = (),
    durable: NDArray[np.bool_] | None = None,
    rank: int = 64,
    seed: int = 7,
    say: Say = lambda _: None,
    als: Factors | None = None,
    content: Content | None = None,
) -> Trained:
    """als, content: as in Training; `als` for what is published only, the validation must not know it.

    segments: per user of the log, UNKNOWN for none; names: of segment 0, 1, … durable: per product (Finder)."""
    training = Training(log, _or_none(segments, log), names, rank, seed, content=content)
    earlier, later = split(log, protocol)
    say("sources, without the newest visits")
    finder = _fit_sources(replace(training, log=earlier), durable)
    cases = _cases(earlier, later, protocol, training)
    say("blends")
    trained = _fit_blends(finder, cases, log.user_ids, seed)
    say("sources")
    return replace(trained, finder=_fit_sources(replace(training, als=als), durable))


def _or_none(segments: NDArray[np.int16] | None, log: Log) -> NDArray[np.int16]:
    return np.full(len(log.user_ids), -1, dtype=np.int16) if segments is None else segments


def _fit_sources(training: Training, durable: NDArray[np.bool_] | None) -> Finder:
    catalogue = training.log.catalogue
    lasting = np.zeros(len(catalogue), dtype=bool) if durable is None else durable
    return Finder(catalogue, tuple(kind.fit(training) for kind in SOURCES), lasting)


def split(log: Log, protocol: Protocol) -> tuple[Log, Log]:
    """The log before its newest visits, and those."""
    if not len(log):
        return log, log
    first_time = log.times.min(initial=log.now)
    if protocol == "next-month":
        cut = log.now - min(HORIZON_DAYS * DAY_S, HORIZON_SHARE * (log.now - first_time))
        first = int(np.searchsorted(log.ends, cut, side="right"))
    else:
        first = int(np.searchsorted(log.ends, log.now - LATER_DAYS * DAY_S, side="right"))
        most = min(LATER_VISITS, int(np.ceil(LATER_SHARE * len(log))))
        first = max(first, len(log) - most)
    return log.visits(0, first), log.visits(first, len(log))


def cases_next_item(test: Log) -> tuple[Histories, csr_matrix, Ints, Ints]:
    """A case per event from each visit's second on: histories, targets (cases x products), visit, and the event's
    1-based place in its visit. A product that the catalogue lacks is no target: that case can't be won.
    """
    histories, places = prefixes(test)
    visits = test.visit_of[places]
    return histories, _one_target(test, places), visits, places - test.starts[visits] + 1


def cases_next_month(train: Log, test: Log) -> tuple[Histories, csr_matrix, tuple[str, ...], Ints]:
    """A case per user of the test log: what they met before, what they meet in it (cases x products), their ids, and
    how many more products they meet that the catalogue lacks.
    """
    row = {user: place for place, user in enumerate(train.user_ids)}
    users = np.unique(test.users[test.users >= 0])
    ids = tuple(test.user_ids[user] for user in users)
    histories = of_users(train, np.array([row.get(user, -1) for user in ids], dtype=np.int64))
    targets, unreachable = _targets_of(test, users)
    return histories, targets, ids, unreachable


def _targets_of(log: Log, users: Ints) -> tuple[csr_matrix, Ints]:
    owners = np.searchsorted(users, log.users[log.visit_of])
    mine = log.users[log.visit_of] >= 0
    known = mine & (log.items >= 0)
    shape = (len(users), len(log.catalogue))
    targets = csr_matrix((np.ones(known.sum(), np.float32), (owners[known], log.items[known])), shape=shape)
    targets.sum_duplicates()
    targets.data[:] = 1
    lost = np.bincount(owners[mine & (log.items < 0)], minlength=len(users))
    return targets, lost


def _one_target(log: Log, places: Ints) -> csr_matrix:
    known = log.items[places] >= 0
    where = (np.flatnonzero(known), log.items[places][known])
    return csr_matrix((np.ones(len(where[0]), np.float32), where), shape=(len(places), len(log.catalogue)))


class Cases(NamedTuple):
    """times: unix seconds of what was met next, per case."""

    histories: Histories
    targets: csr_matrix
    times: NDArray[np.float64]

    def take(self, cases: Ints) -> "Cases":
        return Cases(self.histories.take(cases), csr_matrix(self.targets[cases]), self.times[cases])


def _cases(earlier: Log, later: Log, protocol: Protocol, training: Training) -> Cases:
    """At most CASES of them, evenly drawn, in the order of time."""
    if protocol == "next-item":
        histories, places = prefixes(later, earlier if len(later.user_ids) else None)
        targets, times = _one_target(later, places), later.times[places]
    else:
        users = np.unique(later.users[later.users >= 0])
        histories, (targets, _) = of_users(earlier, users), _targets_of(later, users)
        times = np.full(len(users), later.now)
    histories = replace(histories, segments=np.append(training.segments, -1)[histories.known].astype(np.int64))
    cases = Cases(histories, targets, times)
    if len(histories) > CASES:
        cases = cases.take(np.sort(np.random.default_rng(training.seed).choice(len(histories), CASES, replace=False)))
    return cases


def _fit_blends(finder: Finder, cases: Cases, user_ids: tuple[str, ...], seed: int) -> Trained:
    """Learns from most of the cases, and measures both blends on the others."""
    rng = np.random.default_rng(seed)
    checked = rng.random(len(cases.times)) < CHECKED
    told, asked = cases.take(np.flatnonzero(~checked)), cases.take(np.flatnonzero(checked))
    sample = _sample(finder, told.histories, told.targets, rng)
    trained = Trained(finder, _tuned(finder, told.take(np.arange(min(TO_TUNE, len(told.times))))), None, {})
    if sample.hit.sum() >= _FEWEST:
        trained = replace(trained, learned=Learned(Trees.fit(sample.seen, sample.hit, sample.weights, seed)))
    lists = trained.rank(asked.histories, TOP, sources=False) if len(asked.times) else {}
    values = {name: ndcg(found, asked.targets) for name, found in lists.items()}
    trained = replace(trained, validation={name: float(found.mean()) for name, found in values.items()}, sample=sample)
    if not values:
        return trained
    return replace(trained, checks=Checks(*asked, values[trained.default], user_ids))


def _tuned(finder: Finder, cases: Cases) -> Fixed:
    """The weights with the best NDCG@20."""
    if not len(cases.times):
        return Fixed()
    candidates = finder.find(cases.histories)

    def worth(blend: Fixed) -> float:
        lists, _ = top_lists(candidates.owners, candidates.items, blend.scores(candidates), len(cases.times), TOP)
        return float(ndcg(lists, cases.targets).mean())

    return tuned(worth)


def _sample(finder: Finder, histories: Histories, targets: csr_matrix, rng: np.random.Generator) -> Sample:
    """Of the cases with a hit among their candidates: all hits, and some of what was not met."""
    seen, hits = [np.empty((0, len(OWNER_OF_COLUMN)))], [np.empty(0, dtype=bool)]
    for first, c in finder.chunks(histories):
        mine = csr_matrix(targets[first : first + CHUNK])
        hit = is_target(mine, c.owners, c.items)
        winnable = np.bincount(c.owners, hit, minlength=mine.shape[0])[c.owners] > 0
        drawn = winnable & (hit | (rng.random(len(hit)) < NEGATIVES))
        seen.append(c.seen[drawn])
        hits.append(hit[drawn])
    hit = np.concatenate(hits)
    return Sample(np.concatenate(seen), hit, np.where(hit, 1.0, 1 / NEGATIVES))


def is_target(targets: csr_matrix, owners: Ints, items: Ints) -> NDArray[np.bool_]:
    """Whether targets[owners[i], items[i]] is set."""
    size = max(1, targets.shape[1])
    rows = np.repeat(np.arange(targets.shape[0]), np.diff(targets.indptr))
    return np.isin(owners * size + items, rows * size + targets.indices)


def ndcg(lists: Ints, targets: csr_matrix) -> NDArray[np.float64]:
    """Per case the NDCG@20 of its list."""
    column = measures.MEASURES.index(f"NDCG@{TOP}")
    found: NDArray[np.float64] = measures.per_case(lists, targets, np.zeros(len(lists), dtype=np.int64))[:, column]
    return found
