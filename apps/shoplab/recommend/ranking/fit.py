"""Fits every source on a log, and the blends on its newest part, which the sources must not have seen."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.core.console import Say
from shoplab.recommend import measures
from shoplab.recommend.data.arrays import UNKNOWN, Bools, Ints
from shoplab.recommend.data.cases import Cases, ProtocolName, is_target, split, unmet, validation_cases
from shoplab.recommend.data.log import Log
from shoplab.recommend.ranking.blend import DISCOVERY, FixedBlend, LearnedBlend, tuned
from shoplab.recommend.ranking.candidates import Candidates, Finder, top_lists
from shoplab.recommend.ranking.ranker import Holdout, Ranker, TrainingSample, learn
from shoplab.recommend.sources import SOURCES, Training
from shoplab.recommend.sources.als import Als

TOP = 20
TO_TUNE = 3_000  # cases that the formula's weights are tried on
HELD_OUT = 0.25  # of the cases, kept from learning, to choose the better blend by
NEGATIVES = 0.15  # of the candidates that were not met, drawn at random
DISCOVERY_SHARE = 0.15  # of the columns, for each split: there are fewer hits to learn from than for the learned blend
_FEWEST = 50  # cases with a hit, below which nothing can be learned


def fit(
    log: Log,
    protocol: ProtocolName,
    segments: NDArray[np.int16] | None = None,
    names: tuple[str, ...] = (),
    durable: Bools | None = None,
    rank: int = 64,
    seed: int = 7,
    say: Say = lambda _: None,
    given: Mapping[str, Any] | None = None,
) -> Ranker:
    """segments: per user of the log, UNKNOWN for none; names: of segment 0, 1, … durable: per product (Finder).

    given: as in Training; what of it was fitted on all events serves what is published only, validation must not know
    it.
    """
    of_users = np.full(len(log.user_ids), UNKNOWN, dtype=np.int16) if segments is None else segments
    training = Training(log, of_users, names, rank, seed, given or {})
    earlier, later = split(log, protocol)
    say("sources, without the newest visits")
    before = {name: part for name, part in training.given.items() if name != Als.name}
    finder = _fit_sources(replace(training, log=earlier, given=before), durable)
    cases = validation_cases(earlier, later, protocol, of_users.astype(np.int64), seed)
    say("blends")
    ranker = _fit_blends(finder, cases, log.user_ids, seed)
    say("sources")
    return replace(ranker, finder=_fit_sources(training, durable))


def _fit_sources(training: Training, durable: Bools | None) -> Finder:
    products = training.log.products
    lasting = np.zeros(len(products), dtype=bool) if durable is None else durable
    return Finder(products, tuple(kind.fit(training) for kind in SOURCES), lasting)


def _fit_blends(finder: Finder, cases: Cases, user_ids: tuple[str, ...], seed: int) -> Ranker:
    """Learns from most of the cases, and measures the blends on the others."""
    rng = np.random.default_rng(seed)
    held_out = rng.random(len(cases.times)) < HELD_OUT
    learned_from, asked = cases.take(np.flatnonzero(~held_out)), cases.take(np.flatnonzero(held_out))
    sample = _sample(finder, learned_from, rng)
    to_tune = learned_from.take(np.arange(min(TO_TUNE, len(learned_from.times))))
    learned = learn(sample, seed) if sample.hit.sum() >= _FEWEST else None
    ranker = Ranker(finder, _tuned(finder, to_tune), learned, {}, sample=sample, discovery=_discovery(sample, seed))
    return _validated(ranker, asked, user_ids) if len(asked.times) else ranker


def _discovery(sample: TrainingSample, seed: int) -> LearnedBlend | None:
    """Of the candidates alone that are new to cases that met such a one next; None where there are too few."""
    mine = sample.take(sample.new)
    return learn(mine, seed, DISCOVERY_SHARE) if mine.hit.sum() >= _FEWEST else None


def _validated(ranker: Ranker, asked: Cases, user_ids: tuple[str, ...]) -> Ranker:
    """With the blends' figures on cases that they did not learn from."""
    met = int(asked.histories.lengths().max(initial=0))
    lists = ranker.rankings(asked.histories, TOP + met, sources=False)
    values = {name: ndcg(found[:, :TOP], asked.targets) for name, found in lists.items() if name != DISCOVERY}
    validation = {name: float(found.mean()) for name, found in values.items()}
    ranker = replace(ranker, validation=validation, validation_of_new=_of_new(lists, asked))
    return replace(ranker, holdout=Holdout(*asked, values[ranker.default], user_ids))


def _of_new(lists: Mapping[str, Ints], asked: Cases) -> dict[str, float]:
    """NDCG@20 of the lists without what was met, on the cases that met something new next."""
    targets, met = unmet(asked.targets, asked.histories), asked.histories.matrix(asked.targets.shape[1])
    mine = np.diff(targets.indptr) > 0
    if not mine.any():
        return {}
    found = {name: ndcg(measures.without(ranked, met, TOP), targets) for name, ranked in lists.items()}
    return {name: float(values[mine].mean()) for name, values in found.items()}


def _tuned(finder: Finder, cases: Cases) -> FixedBlend:
    """The weights with the best NDCG@20."""
    if not len(cases.times):
        return FixedBlend()
    candidates = finder.find(cases.histories)

    def worth(blend: FixedBlend) -> float:
        lists, _ = top_lists(candidates, blend.scores(candidates), len(cases.times), TOP)
        return float(ndcg(lists, cases.targets).mean())

    return tuned(worth)


def _sample(finder: Finder, cases: Cases, rng: np.random.Generator) -> TrainingSample:
    """Of the cases with a hit among their candidates: all hits, and some of what was not met."""
    features = [np.empty((0, len(finder.columns.names)), dtype=np.float32)]
    marks = [np.empty((0, 2), dtype=bool)]
    first = 0
    for part, candidates in finder.chunks(cases.histories):
        mine = csr_matrix(cases.targets[first : first + len(part)])
        first += len(part)
        hit = is_target(mine, candidates.owners, candidates.items)
        new = ~part.hold(candidates.owners, candidates.items)
        new &= _winnable(candidates, hit & new)
        drawn = _winnable(candidates, hit) & (hit | (rng.random(len(hit)) < NEGATIVES))
        features.append(candidates.features[drawn])
        marks.append(np.column_stack([hit, new])[drawn])
    hit, new = np.concatenate(marks).T
    return TrainingSample(np.concatenate(features), hit, np.where(hit, 1.0, 1 / NEGATIVES), new)


def _winnable(candidates: Candidates, hit: Bools) -> Bools:
    """Whether a candidate's case has a hit."""
    found: Bools = np.bincount(candidates.owners, hit)[candidates.owners] > 0
    return found


def ndcg(lists: Ints, targets: csr_matrix) -> NDArray[np.float64]:
    """Per case the NDCG@20 of its list."""
    column = measures.MEASURES.index(f"NDCG@{TOP}")
    found: NDArray[np.float64] = measures.per_case(lists, targets, np.zeros(len(lists), dtype=np.int64))[:, column]
    return found
