"""Who is recommended to, and what they met next: cases out of logs, for learning and for judging."""

from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import DAY_S, UNKNOWN, Bools, Ints
from shoplab.recommend.data.histories import Histories, of_users, prefixes
from shoplab.recommend.data.log import Log

# next-item: what comes next in a visit, from the visit alone. live, for stream and API: from the user's earlier visits
# too. next-month: all that a user meets in a month, from those before.
ProtocolName = Literal["next-item", "next-month", "live"]
LATER_DAYS, LATER_VISITS, LATER_SHARE = 7.0, 12_000, 0.1  # next-item, live: the newest visits, at most so many
HORIZON_DAYS, HORIZON_SHARE = 30.0, 0.25  # next-month: a month, at most this share of the log's time
CASES = 40_000  # to learn from


class Cases(NamedTuple):
    """times: unix seconds of what was met next, per case."""

    histories: Histories
    targets: csr_matrix
    times: NDArray[np.float64]

    def take(self, cases: Ints) -> "Cases":
        return Cases(self.histories.take(cases), csr_matrix(self.targets[cases]), self.times[cases])


def split(log: Log, protocol: ProtocolName) -> tuple[Log, Log]:
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


def validation_cases(earlier: Log, later: Log, protocol: ProtocolName, segments: Ints, seed: int) -> Cases:
    """At most CASES of them, evenly drawn, in the order of time. segments: per user of the logs, UNKNOWN for none."""
    if protocol != "next-month":
        histories, places = prefixes(later, earlier if protocol == "live" else None)
        targets, times = _one_target(later, places), later.times[places]
    else:
        users = np.unique(later.users[later.users >= 0])
        histories, (targets, _) = of_users(earlier, users), _targets_of(later, users)
        times = np.full(len(users), later.now)
    histories = replace(histories, segments=np.append(segments, UNKNOWN)[histories.known].astype(np.int64))
    cases = Cases(histories, targets, times)
    if len(histories) > CASES:
        cases = cases.take(np.sort(np.random.default_rng(seed).choice(len(histories), CASES, replace=False)))
    return cases


def cases_next_item(test: Log) -> tuple[Histories, csr_matrix, Ints, Ints]:
    """A case per event from each visit's second on: histories, targets (cases x products), visit, and the event's
    1-based place in its visit. A product that the log lacks is no target: that case can't be won.
    """
    histories, places = prefixes(test)
    visits = test.visit_of[places]
    return histories, _one_target(test, places), visits, places - test.starts[visits] + 1


def cases_next_month(train: Log, test: Log) -> tuple[Histories, csr_matrix, tuple[str, ...], Ints]:
    """A case per user of the test log: what they met before, what they meet in it (cases x products), their ids, and
    how many more products they meet that the training log lacks.
    """
    row = {user: place for place, user in enumerate(train.user_ids)}
    users = np.unique(test.users[test.users >= 0])
    ids = tuple(test.user_ids[user] for user in users)
    histories = of_users(train, np.array([row.get(user, UNKNOWN) for user in ids], dtype=np.int64))
    targets, unreachable = _targets_of(test, users)
    return histories, targets, ids, unreachable


def _targets_of(log: Log, users: Ints) -> tuple[csr_matrix, Ints]:
    owners = np.searchsorted(users, log.users[log.visit_of])
    mine = log.users[log.visit_of] >= 0
    known = mine & (log.items >= 0)
    shape = (len(users), len(log.products))
    targets = csr_matrix((np.ones(known.sum(), np.float32), (owners[known], log.items[known])), shape=shape)
    targets.sum_duplicates()
    targets.data[:] = 1
    lost = np.bincount(owners[mine & (log.items < 0)], minlength=len(users))
    return targets, lost


def _one_target(log: Log, places: Ints) -> csr_matrix:
    known = log.items[places] >= 0
    where = (np.flatnonzero(known), log.items[places][known])
    return csr_matrix((np.ones(len(where[0]), np.float32), where), shape=(len(places), len(log.products)))


def unmet(targets: csr_matrix, histories: Histories) -> csr_matrix:
    """The targets that their case had not met before."""
    met = histories.matrix(targets.shape[1])
    met.data[:] = 1
    left = csr_matrix(targets - targets.multiply(met))
    left.eliminate_zeros()
    return left


def is_target(targets: csr_matrix, owners: Ints, items: Ints) -> Bools:
    """Whether targets[owners[i], items[i]] is set."""
    size = max(1, targets.shape[1])
    rows = np.repeat(np.arange(targets.shape[0]), np.diff(targets.indptr))
    return np.isin(owners * size + items, rows * size + targets.indices)
