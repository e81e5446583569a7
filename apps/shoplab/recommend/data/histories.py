"""What the ranking knows of those it recommends for: a batch of cases as flat arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import UNKNOWN, Bools, Ints
from shoplab.recommend.data.feedback import Feedback
from shoplab.recommend.data.log import Log
from shoplab.recommend.data.products import Products
from shoplab.recommend.data.shoppers import Shoppers

RECENT_PER_USER = 20
DEEP = 100  # products of a user's past that tell about the next month


_NOTHING = (np.empty(0, np.int64), np.empty(0, np.int64))


class UserContext(NamedTuple):
    """One user to recommend for. recent: (product_id, event_type), newest last.

    segment None: the model's own, where it knows the user. Products and event types it doesn't know are passed over.
    """

    user_id: str
    segment: int | None = None
    recent: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Histories:
    """A batch of cases; in flat arrays sorted by owner each one's last events, oldest first: owner (case), item (row of
    the products), kind (of the feedback), age (0: the newest).

    known: row in the model's users, UNKNOWN for newcomers. live: has events that the model was not trained on.
    segments: UNKNOWN for none. bought: owners and items of all purchases; earlier: of events before the last ones.
    """

    feedback: Feedback
    known: Ints
    live: Bools
    segments: Ints
    owners: Ints
    items: Ints
    kinds: Ints
    ages: Ints
    bought: tuple[Ints, Ints]
    earlier: tuple[Ints, Ints] = _NOTHING

    def __len__(self) -> int:
        return len(self.known)

    def matrix(self, products: int, decay: float = 1.0) -> csr_matrix:
        """Weights of events that fade by `decay` with every newer one, summed, shape (cases, products)."""
        faded = self.feedback.weight_of[self.kinds].astype(np.float64) * decay**self.ages
        keys, place = np.unique(self.owners * products + self.items, return_inverse=True)
        summed = np.bincount(place, faded, len(keys)).astype(np.float32)  # in double precision: of any order the same
        starts = np.searchsorted(keys, np.arange(len(self) + 1) * products)
        return csr_matrix((summed, keys % max(1, products), starts), shape=(len(self), products))

    def lengths(self) -> Ints:
        """Events per case."""
        return np.bincount(self.owners, minlength=len(self))

    def newest(self) -> Ints:
        """Per case the newest item, UNKNOWN without events."""
        last = np.full(len(self), UNKNOWN, dtype=np.int64)
        last[self.owners[self.ages == 0]] = self.items[self.ages == 0]
        return last

    def hold(self, owners: Ints, items: Ints) -> Bools:
        """Whether case owners[i] met product items[i]."""
        met = [np.concatenate(both) for both in zip((self.owners, self.items), self.earlier, strict=True)]
        size = 1 + max(items.max(initial=0), met[1].max(initial=0))
        return np.isin(owners * size + items, met[0] * size + met[1])

    def span(self, first: int, last: int) -> "Histories":
        """The cases first:last."""
        part = slice(*np.searchsorted(self.owners, [first, last]))
        bought, earlier = (_moved(pairs, pairs[0] - first, last - first) for pairs in (self.bought, self.earlier))
        return Histories(
            self.feedback, self.known[first:last], self.live[first:last], self.segments[first:last],
            self.owners[part] - first, self.items[part], self.kinds[part], self.ages[part], bought, earlier,
        )  # fmt: skip

    def take(self, cases: Ints) -> "Histories":
        """These cases, in ascending order."""
        place = np.full(len(self), UNKNOWN, dtype=np.int64)
        place[cases] = np.arange(len(cases))
        kept = place[self.owners] >= 0
        bought, earlier = (_moved(pairs, place[pairs[0]], len(cases)) for pairs in (self.bought, self.earlier))
        return Histories(
            self.feedback, self.known[cases], self.live[cases], self.segments[cases], place[self.owners[kept]],
            self.items[kept], self.kinds[kept], self.ages[kept], bought, earlier,
        )  # fmt: skip


def _moved(pairs: tuple[Ints, Ints], owners: Ints, cases: int) -> tuple[Ints, Ints]:
    """The same pairs under these owners, those that are no case (below 0, or too large) left out."""
    mine = (owners >= 0) & (owners < cases)
    return owners[mine], pairs[1][mine]


def read_histories(
    users: Sequence[UserContext], shoppers: Shoppers, products: Products, feedback: Feedback
) -> Histories:
    """Looks users and products up; adds live events to the stored history."""
    known, live, segments = [], [], []
    flat: list[tuple[int, int, int, int]] = []
    bought: list[tuple[int, int]] = []
    earlier: list[tuple[int, int]] = []
    for owner, user in enumerate(users):
        row = shoppers.index.get(user.user_id, UNKNOWN)
        past = [] if row < 0 else list(zip(*(part.tolist() for part in shoppers.history(row)), strict=True))
        fresh = [
            (products.index[product], feedback.kinds[name])
            for product, name in user.recent
            if name in feedback.kinds and product in products.index
        ]
        history = past + fresh
        recent = history[-RECENT_PER_USER:]
        flat += [(owner, item, kind, len(recent) - 1 - at) for at, (item, kind) in enumerate(recent)]
        bought += [(owner, item) for item, kind in history if kind == feedback.purchase]
        earlier += [(owner, item) for item, _ in history[:-RECENT_PER_USER]]
        known.append(row)
        live.append(bool(fresh))
        own = shoppers.segment(row) if user.segment is None and row >= 0 else user.segment
        segments.append(UNKNOWN if own is None else own)
    owners, items, kinds, ages = np.array(flat, dtype=np.int64).reshape(-1, 4).T
    return Histories(
        feedback, np.array(known, dtype=np.int64), np.array(live, dtype=bool), np.array(segments, dtype=np.int64),
        owners, items, kinds, ages, _flat(bought), _flat(earlier),
    )  # fmt: skip


def _flat(pairs: list[tuple[int, int]]) -> tuple[Ints, Ints]:
    owners, items = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return owners, items


# Cases out of a log


def prefixes(log: Log, past: Log | None = None, depth: int = RECENT_PER_USER) -> tuple[Histories, Ints]:
    """A case for every event of every visit from the second on, with those before it; and the event's place.

    With `past`, a user's earlier events stand before the visit's, and its first event is a case too.
    """
    guessed = np.diff(log.starts) - (past is None)
    places = np.repeat(log.starts[1:], guessed) - 1 - _countdown(guessed)
    visits = log.visit_of[places]
    within = places - log.starts[visits]
    lengths = np.minimum(within, depth)
    owners = np.repeat(np.arange(len(places)), lengths)
    ages = _countdown(lengths)
    events = np.repeat(places, lengths) - 1 - ages
    flat = (owners, log.items[events].astype(np.int64), log.kinds[events].astype(np.int64), ages)
    users = log.users[visits]
    if past is not None:
        flat = _after(_tails(past, users, depth), flat, lengths, depth)
    return _of_events(log.feedback, flat, users, np.ones(len(places), dtype=bool), len(places)), places


def of_users(log: Log, users: Ints, depth: int = DEEP) -> Histories:
    """A case per user (row in the log's users; UNKNOWN: a newcomer): their last `depth` events."""
    return _of_events(log.feedback, _tails(log, users, depth), users, np.zeros(len(users), dtype=bool), len(users))


def _tails(log: Log, users: Ints, depth: int) -> tuple[Any, ...]:
    """owners, items, kinds, ages of each user's last events in the log."""
    mine = log.users[log.visit_of]
    order = np.lexsort((np.arange(len(mine)), log.times, mine))
    order = order[mine[order] >= 0]
    starts = np.searchsorted(mine[order], np.arange(len(log.user_ids) + 1))
    known = users >= 0
    ends = np.where(known, starts[np.where(known, users, 0) + 1] if len(log.user_ids) else 0, 0)
    begins = np.where(known, starts[np.where(known, users, 0)], 0)
    lengths = np.minimum(ends - begins, depth)
    ages = _countdown(lengths)
    events = order[np.repeat(ends, lengths) - 1 - ages]
    owners = np.repeat(np.arange(len(users)), lengths)
    return owners, log.items[events].astype(np.int64), log.kinds[events].astype(np.int64), ages


def _countdown(sizes: Ints) -> Ints:
    """For each size n: n-1 … 0, one after the other."""
    return np.repeat(np.cumsum(sizes), sizes) - 1 - np.arange(sizes.sum())


def _after(past: tuple[Any, ...], now: tuple[Any, ...], lengths: Ints, depth: int) -> tuple[Any, ...]:
    """The past moved back behind the events of now, of which each case has `lengths`."""
    owners, items, kinds, ages = past
    ages = ages + lengths[owners]
    kept = ages < depth
    joined = [np.concatenate([a[kept], b]) for a, b in zip((owners, items, kinds, ages), now, strict=True)]
    order = np.lexsort((-joined[3], joined[0]))
    return tuple(part[order] for part in joined)


def _of_events(feedback: Feedback, flat: tuple[Any, ...], users: Ints, live: Bools, cases: int) -> Histories:
    known = flat[1] >= 0  # products that are not among the model's tell nothing
    owners, items, kinds = (part[known] for part in flat[:3])
    ages = _countdown(np.bincount(owners, minlength=cases))
    paid = kinds == feedback.purchase
    nobody = np.full(cases, UNKNOWN, dtype=np.int64)
    return Histories(feedback, users, live, nobody, owners, items, kinds, ages, (owners[paid], items[paid]))
