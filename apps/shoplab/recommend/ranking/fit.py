"""Fits every source on a log, and both blends on its newest part, which the sources must not have seen."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.console import Say
from shoplab.recommend.als import Factors
from shoplab.recommend.blend import Fixed, Learned, tuned
from shoplab.recommend.candidates import CHUNK, OWNER_OF_COLUMN, Finder, top_lists
from shoplab.recommend.cases import Cases, Protocol, is_target, split, validation_cases
from shoplab.recommend.content import Content
from shoplab.recommend.evaluate import measures
from shoplab.recommend.histories import Histories
from shoplab.recommend.log import Ints, Log
from shoplab.recommend.sources import SOURCES, Training
from shoplab.recommend.trained import Checks, Sample, Trained
from shoplab.recommend.trees import Trees

TOP = 20
TO_TUNE = 3_000  # cases that the formula's weights are tried on
CHECKED = 0.25  # of the cases, kept from learning, to choose the better blend by
NEGATIVES = 0.15  # of the candidates that were not met, drawn at random
_FEWEST = 50  # cases with a hit, below which nothing can be learned


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
    cases = validation_cases(earlier, later, protocol, training)
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
    seen, hits = [np.empty((0, len(OWNER_OF_COLUMN)), dtype=np.float32)], [np.empty(0, dtype=bool)]
    for first, c in finder.chunks(histories):
        mine = csr_matrix(targets[first : first + CHUNK])
        hit = is_target(mine, c.owners, c.items)
        winnable = np.bincount(c.owners, hit, minlength=mine.shape[0])[c.owners] > 0
        drawn = winnable & (hit | (rng.random(len(hit)) < NEGATIVES))
        seen.append(c.seen[drawn])
        hits.append(hit[drawn])
    hit = np.concatenate(hits)
    return Sample(np.concatenate(seen), hit, np.where(hit, 1.0, 1 / NEGATIVES))


def ndcg(lists: Ints, targets: csr_matrix) -> NDArray[np.float64]:
    """Per case the NDCG@20 of its list."""
    column = measures.MEASURES.index(f"NDCG@{TOP}")
    found: NDArray[np.float64] = measures.per_case(lists, targets, np.zeros(len(lists), dtype=np.int64))[:, column]
    return found
