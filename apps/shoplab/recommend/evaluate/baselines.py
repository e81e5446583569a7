"""What users would pick instead: `implicit`'s own item-kNN and BPR, fitted on the training log alone."""

import warnings
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from shoplab.recommend.data.arrays import UNKNOWN, Floats, Ints
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.data.log import Log

NEIGHBOURS = 100  # per item
FACTORS, EPOCHS = 64, 100
BATCH = 4_096  # cases ranked at once
NAMES = ("implicit item-kNN", "implicit BPR")


def rank_baselines(log: Log, by_user: bool, histories: Histories, top: int, seed: int) -> dict[str, Ints]:
    """Lists by each of NAMES, shape (cases, top). by_user: learn from users instead of from visits.

    Items seen stay in the lists, as in ours. Where a list ends early, and for those of whom nothing is known, the most
    popular products follow.
    """
    popular = most_popular(log)
    if not log.incidence.nnz:
        return {name: fill_up(np.full((len(histories), top), UNKNOWN), popular) for name in NAMES}
    by_user = by_user and bool((log.users >= 0).any())
    rows = _by_user(log) if by_user else log.incidence
    met = histories.matrix(len(log.products))
    met.data[:] = 1
    known = histories.known if by_user else np.full(len(histories), UNKNOWN)
    with threadpool_limits(1, "blas"):  # implicit's own threads do the work
        found = {NAMES[0]: item_knn(rows, met, top), NAMES[1]: bpr(rows, met, known, top, seed)}
    return {name: fill_up(lists, popular) for name, lists in found.items()}


def most_popular(log: Log) -> Ints:
    """The products' rows by the visits that met them, most first."""
    met = np.asarray(log.incidence.sum(axis=0)).ravel()
    return np.argsort(-met, kind="stable")


def _by_user(log: Log) -> csr_matrix:
    """1 where a user met a product, shape (users, products)."""
    mine = log.users >= 0
    owner = csr_matrix((np.ones(mine.sum(), np.float32), (log.users[mine], np.flatnonzero(mine))),
                       shape=(len(log.user_ids), len(log)))  # fmt: skip
    met = csr_matrix(owner @ log.incidence)
    met.data[:] = 1
    return met


def item_knn(rows: csr_matrix, met: csr_matrix, top: int) -> Ints:
    """Sum of cosines to the items of the history; each item keeps its NEIGHBOURS nearest (Sarwar et al. 2001)."""
    from implicit.nearest_neighbours import CosineRecommender

    model: Any = CosineRecommender(K=NEIGHBOURS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a format that the recommender itself makes of its input
        model.fit(rows, show_progress=False)
    lists = np.full((met.shape[0], top), UNKNOWN, dtype=np.int64)
    for case in np.flatnonzero(np.diff(met.indptr)):
        ids, scores = model.recommend(0, met[case], N=top, filter_already_liked_items=False)
        ids = ids[scores > 0]
        lists[case, : len(ids)] = ids
    return lists


def bpr(rows: csr_matrix, met: csr_matrix, known: Ints, top: int, seed: int) -> Ints:
    """Matrix factorisation that ranks met above unmet items (Rendle et al. 2009).

    A user's own vector where one was trained (known: row, or UNKNOWN), else the mean of the history's item vectors. On
    one thread, for threads that race each other give other vectors every time.
    """
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    model: Any = BayesianPersonalizedRanking(FACTORS, iterations=EPOCHS, random_state=seed, num_threads=1)
    model.fit(rows, show_progress=False)
    vectors = _vectors(model.user_factors, model.item_factors, met, known)
    anything = np.flatnonzero((known >= 0) | (np.diff(met.indptr) > 0))
    lists = np.full((len(known), top), UNKNOWN, dtype=np.int64)
    for first in range(0, len(anything), BATCH):
        cases = anything[first : first + BATCH]
        model.user_factors = vectors[cases]
        ids, _ = model.recommend(np.arange(len(cases)), None, N=min(top, rows.shape[1]),
                                 filter_already_liked_items=False)  # fmt: skip
        lists[cases, : ids.shape[1]] = ids
    return lists


def _vectors(users: Floats, items: Floats, met: csr_matrix, known: Ints) -> Floats:
    mean = np.asarray(met @ items) / np.maximum(np.diff(met.indptr), 1)[:, None]
    mean[:, -1] = 1  # of a user's vector the last place multiplies the items' bias
    vectors: Floats = np.where((known >= 0)[:, None], users[known], mean).astype(np.float32)
    return vectors


def fill_up(lists: Ints, popular: Ints) -> Ints:
    """Lists that end early go on with the most popular products that they lack."""
    full = lists.copy()
    for case in np.flatnonzero((lists < 0).any(axis=1)):
        own = lists[case][lists[case] >= 0]
        more = popular[: full.shape[1] + len(own)]
        line = np.concatenate([own, more[~np.isin(more, own)]])[: full.shape[1]]
        full[case, : len(line)] = line
    return full
