"""How well ranked lists met their targets: figures per case, of the lists as a whole, and their uncertainty.

`lists`: rows of the catalogue, best first, UNKNOWN = no more, shape (cases, length). `targets`: 1 where a product is to
be found, shape (cases, products). `unreachable`: per case the targets that the catalogue lacks; no list can hold them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import Ints

Floats = NDArray[np.float64]
CUTS = (10, 20)
KINDS = ("recall", "hit rate", "NDCG", "MRR")
MEASURES = tuple(f"{kind}@{cut}" for cut in CUTS for kind in KINDS)
RESAMPLES = 1_000
CHUNK = 50  # resamples drawn at once: 50 × cases weights


class Interval(NamedTuple):
    """A figure and the 95 % interval of its sampling error."""

    value: float
    low: float
    high: float


def hits(lists: Ints, targets: csr_matrix) -> NDArray[np.bool_]:
    """Where a list holds one of its case's targets, shape of the lists."""
    cases, products = targets.shape
    sought = np.sort(np.repeat(np.arange(cases), np.diff(targets.indptr)) * products + targets.indices)
    if not len(sought):
        return np.zeros(lists.shape, dtype=bool)
    keys = np.arange(cases)[:, None] * products + lists
    place = np.minimum(np.searchsorted(sought, keys), len(sought) - 1)
    found: NDArray[np.bool_] = (sought[place] == keys) & (lists >= 0)
    return found


def without(lists: Ints, gone: csr_matrix, length: int) -> Ints:
    """The first `length` of what stays of the lists without the products gone, shape (cases, products)."""
    left_out = hits(lists, gone)
    order = np.argsort(left_out, axis=1, kind="stable")[:, :length]
    return np.take_along_axis(np.where(left_out, -1, lists), order, axis=1)


def per_case(lists: Ints, targets: csr_matrix, unreachable: Ints) -> Floats:
    """MEASURES of every case, shape (cases, measures); 0 for a case without targets.

    recall: targets found / targets. Hit rate: 1 where any was found. NDCG: gain 1 and discount log2(rank + 1), over
    that of a list that begins with all targets (Järvelin and Kekäläinen 2002). MRR: 1 / rank of the first target found
    (Voorhees 1999). Targets that the catalogue lacks count as targets.
    """
    found = hits(lists, targets)
    sought = np.diff(targets.indptr) + unreachable
    return np.column_stack([column for cut in CUTS for column in _at(found[:, :cut], sought, cut)])


def _at(found: NDArray[np.bool_], sought: Ints, cut: int) -> tuple[Floats, ...]:
    """The KINDS of measures of lists cut at that length."""
    discounts = 1 / np.log2(np.arange(2, cut + 2))
    best = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(sought, cut)]
    width = found.shape[1]
    any_found = found.any(axis=1)
    first = np.where(any_found, found.argmax(axis=1) if width else 0, 0)
    hit = np.asarray(any_found, dtype=np.float64)
    recall = np.asarray(found.sum(axis=1) / np.maximum(sought, 1), dtype=np.float64)
    ndcg = np.asarray(found @ discounts[:width] / np.where(best > 0, best, 1), dtype=np.float64)
    mrr: Floats = hit / (first + 1)
    return recall, hit, ndcg, mrr


def coverage(lists: Ints, products: int) -> float:
    """Share of the catalogue that stands in any list."""
    return len(np.unique(lists[lists >= 0])) / max(1, products)


def novelty(lists: Ints, met: Ints, visits: int) -> float:
    """Mean -log2 of a listed product's share of the training visits, in bits: 0 what every visit meets.

    met: per product the visits that met it. Source: Zhou et al. 2010, Solving the apparent diversity-accuracy dilemma.
    """
    listed = lists[lists >= 0]
    if not len(listed) or not visits:
        return 0.0
    return float(-np.log2(np.maximum(met, 1)[listed] / visits).mean())


def gini(lists: Ints, products: int) -> float:
    """How unevenly lists share their places out over the whole catalogue: 0 evenly, 1 all to one product.

    Source: Fleder and Hosanagar 2009, Blockbuster culture's next rise or fall.
    """
    shown = np.sort(np.bincount(lists[lists >= 0], minlength=products))
    if not shown.sum():
        return 0.0
    ranks = 2 * np.arange(1, products + 1) - products - 1
    return float((ranks * shown).sum() / (products * shown.sum()))


def categories(lists: Ints, category_of: Ints) -> float:
    """Mean number of different categories in a list; products of an unknown one count for nothing."""
    if not lists.size:
        return 0.0
    listed = np.sort(np.where(lists >= 0, np.append(category_of, -1)[lists], -1), axis=1)
    new = np.diff(listed, axis=1, prepend=-1) > 0
    return float(new.sum(axis=1).mean())


def resampled_means(values: Floats, groups: Ints, seed: int) -> Floats:
    """Means of each column in RESAMPLES bootstrap samples, shape (resamples, columns).

    Whole groups (the cases of one visit, which are alike) are drawn with replacement, as many as there are; the same
    seed and groups draw the same ones, so that two columns may be compared resample by resample. Source: Davison and
    Hinkley 1997, Bootstrap Methods and their Application, 3.8.
    """
    if not len(values):
        return np.zeros((RESAMPLES, values.shape[1]))
    rows = np.unique(groups, return_inverse=True)[1]
    count = int(rows.max()) + 1
    member = csr_matrix((np.ones(len(rows)), (rows, np.arange(len(rows)))), shape=(count, len(rows)))
    sums = np.column_stack([member @ values, np.bincount(rows)])
    random = np.random.default_rng(seed)
    drawn = np.concatenate([_weights(random, count) @ sums for _ in range(RESAMPLES // CHUNK)])
    means: Floats = drawn[:, :-1] / drawn[:, -1:]
    return means


def _weights(random: np.random.Generator, count: int) -> Floats:
    """How often each of the groups is drawn, shape (CHUNK, groups)."""
    places = random.integers(count, size=(CHUNK, count)) + np.arange(CHUNK)[:, None] * count
    return np.bincount(places.ravel(), minlength=CHUNK * count).reshape(CHUNK, count).astype(np.float64)


def interval(value: float, resampled: Floats) -> Interval:
    """Percentile interval (Efron and Tibshirani 1993, chapter 13). Of a difference: give the resamples' differences."""
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))
