"""What the ranking knows about a batch of users at this moment: stored history and live events as flat arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.catalogue import Catalogue
from shoplab.recommend.interactions import EVENT_WEIGHTS, RECENT_PER_USER, WEIGHT_CAP
from shoplab.recommend.shoppers import KINDS, PURCHASE, Shoppers

Ints = NDArray[np.int64]
RECENCY_DECAY = 0.9  # what one step further back in a user's history is worth
_WEIGHTS = np.array([EVENT_WEIGHTS[kind] for kind in KINDS])
_KIND = {kind: position for position, kind in enumerate(KINDS)}


class UserContext(NamedTuple):
    """One user to recommend for. recent: (product_id, event_type), newest last.

    segment None: the model's own, where it knows the user. Products and event types it doesn't know are passed over.
    """

    user_id: str
    segment: int | None = None
    recent: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Visits:
    """A batch of users; in flat arrays each one's last 20 products, oldest first: owner (row here), item, kind, age.

    known: row in the model's users, -1 for newcomers. live: has events that the model was not trained on.
    bought: owners and items of all purchases.
    """

    known: Ints
    live: NDArray[np.bool_]
    segments: tuple[int | None, ...]
    owners: Ints
    items: Ints
    kinds: Ints
    ages: Ints
    bought: tuple[Ints, Ints]

    def __len__(self) -> int:
        return len(self.known)

    def feedback(self, products: int) -> csr_matrix:
        """Weights as ALS was trained on, shape (users, products)."""
        weights = csr_matrix((_WEIGHTS[self.kinds], (self.owners, self.items)), shape=(len(self), products))
        weights.data = np.minimum(weights.data, WEIGHT_CAP)
        return weights

    def interest(self, products: int) -> csr_matrix:
        """Weights that fade with every newer product, shape (users, products)."""
        faded = (_WEIGHTS[self.kinds] * RECENCY_DECAY**self.ages).astype(np.float32)
        return csr_matrix((faded, (self.owners, self.items)), shape=(len(self), products))


def read_visits(users: Sequence[UserContext], shoppers: Shoppers, catalogue: Catalogue) -> Visits:
    """Looks users and products up; adds live events to the stored history."""
    known, live, segments = [], [], []
    flat: list[tuple[int, int, int, int]] = []
    bought: list[tuple[int, int]] = []
    for owner, user in enumerate(users):
        row = shoppers.index.get(user.user_id, -1)
        past = [] if row < 0 else list(zip(*(part.tolist() for part in shoppers.history(row)), strict=True))
        fresh = [
            (catalogue.index[product], _KIND[kind])
            for product, kind in user.recent
            if kind in _KIND and product in catalogue.index
        ]
        history = past + fresh
        recent = history[-RECENT_PER_USER:]
        flat += [(owner, item, kind, len(recent) - 1 - at) for at, (item, kind) in enumerate(recent)]
        bought += [(owner, item) for item, kind in history if kind == PURCHASE]
        known.append(row)
        live.append(bool(fresh))
        segments.append(user.segment if user.segment is not None or row < 0 else shoppers.segment(row))
    owners, items, kinds, ages = np.array(flat, dtype=np.int64).reshape(-1, 4).T
    own_bought, items_bought = np.array(bought, dtype=np.int64).reshape(-1, 2).T
    return Visits(
        np.array(known, dtype=np.int64), np.array(live, dtype=bool), tuple(segments),
        owners, items, kinds, ages, (own_bought, items_bought),
    )  # fmt: skip
