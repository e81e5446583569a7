"""What is learned from the stream's events since a model was trained: demand, co-visits, new products."""

from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import DAY_S, UNKNOWN, Floats, Ints
from shoplab.recommend.data.feedback import WEIGHT_CAP
from shoplab.recommend.data.products import Product
from shoplab.recommend.model.increment import Increment
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.sources.als import fold_in_items
from shoplab.recommend.sources.popularity import HALF_LIFE_DAYS
from shoplab.streaming.learning.covisits import Events, Pairs
from shoplab.streaming.learning.telling import coded, kinds, seconds, telling

CLICKS = 2  # of a new product, from which on it is shown
MOST_NEW = 50_000  # products; events on further ones teach nothing until the next training
USERS_PER_PRODUCT = 50  # of a new one: the newest, for its vector
PAIRS_PER_PRODUCT = 50  # that go into an increment


class Learner:
    """Learns on from an increment of `base`. Demand is kept grown to the weights of `base.until`, as co-visits are: an
    event a half-life later counts twice as much, and nothing old needs to be touched.
    """

    def __init__(self, base: Recommender, start: Increment) -> None:
        self.base = base
        self.until, self.batch = start.until, start.batch
        self.new = list(start.new)
        self.clicks = [CLICKS] * len(self.new)
        self.events = self.unknown = 0  # learned from, and those of them on products that base does not know
        self._rows = {product.product_id: len(base.products) + at for at, product in enumerate(self.new)}
        self._factors = list(start.factors)
        self._met: dict[int, OrderedDict[str, float]] = {}
        self._to_fold: set[int] = set()
        self._demand = start.demand.toarray() * 2.0 ** ((start.until - base.until) / DAY_S / HALF_LIFE_DAYS)
        self._pairs = Pairs.resumed(base.until, start)

    def learn(self, batch: int, events: pa.Table, segments: Mapping[str, int]) -> None:
        """A batch's EVENT rows that were new. segments: of users, where the stream placed them. Does nothing for a
        batch that is in the increment it began with.
        """
        told = telling(events, self.base.feedback)
        if batch <= self.batch or not len(told):
            return
        self.batch = batch
        times, of_kind = seconds(told), kinds(told, self.base.feedback)
        items = self._items(told)
        self.until = max(self.until, float(times.max()))
        weights = self.base.feedback.weight_of[of_kind]
        users, of_user = coded(told["user_id"])
        self._add_demand(items, weights, times, self._segments(users, segments)[of_user])
        visits, of_visit = coded(told["user_session"])
        hashed = pd.util.hash_array(np.array(visits, dtype=object))[of_visit]
        self._pairs.add(Events(hashed, items, of_kind > 0, times), self._size)
        self._meet(items, weights, [users[place] for place in of_user[items >= len(self.base.products)]])
        self.events += len(told)
        self.unknown += int(((items < 0) | (items >= len(self.base.products))).sum())

    def increment(self, number: int) -> Increment:
        """All that was learned, with those new products that were met often enough."""
        known = len(self.base.products)
        shown = [at for at, clicks in enumerate(self.clicks) if clicks >= CLICKS]
        kept = np.concatenate([np.arange(known), known + np.array(shown, dtype=np.int64)])
        faded = self._demand * 2.0 ** (-(self.until - self.base.until) / DAY_S / HALF_LIFE_DAYS)
        pairs, firm = (self._pairs.at(self.until, name, PAIRS_PER_PRODUCT)[kept][:, kept] for name in ("pairs", "firm"))
        self._fold_in()
        factors = np.array([self._factors[at] for at in shown], np.float32).reshape(-1, self.base.factors.rank)
        return Increment(
            self.base.version, number, self.until, self.batch, tuple(self.new[at] for at in shown),
            csr_matrix(faded[:, kept].astype(np.float32)), pairs, firm, factors,
        )  # fmt: skip

    @property
    def _size(self) -> int:
        return len(self.base.products) + len(self.new)

    def _items(self, events: pa.Table) -> Ints:
        """Row of every event's product. New ones get a row, and are as they were seen last."""
        ids, places = coded(events["product_id"])
        known = self.base.products.index
        fresh = {place for place, name in enumerate(ids) if name not in known}
        last = {int(place): row for row, place in enumerate(places.tolist()) if place in fresh}
        rows = np.array([known.get(name, UNKNOWN) for name in ids], dtype=np.int64)
        seen = events.select(list(Product._fields)).take(pa.array(list(last.values()), pa.int64())).to_pylist()
        for place, row in zip(last, seen, strict=True):
            rows[place] = self._row_of(Product(**row))
        self._demand = _wider(self._demand, self._size)
        return rows[places]

    def _row_of(self, product: Product) -> int:
        row = self._rows.get(product.product_id, UNKNOWN)
        if row == UNKNOWN and len(self.new) < MOST_NEW:
            row = self._rows[product.product_id] = self._size
            self.new.append(product)
            self.clicks.append(0)
            self._factors.append(np.zeros(self.base.factors.rank, np.float32))
        elif row != UNKNOWN:
            self.new[row - len(self.base.products)] = product
        return row

    def _segments(self, users: list[str], placed: Mapping[str, int]) -> Ints:
        """As the stream placed them, else as the model knows them; UNKNOWN for none."""
        shoppers, names = self.base.shoppers, len(self.base.segment_names)
        found = []
        for user in users:
            row = shoppers.index.get(user, UNKNOWN)
            segment = placed.get(user, int(shoppers.segments[row]) if row >= 0 else UNKNOWN)
            found.append(segment if segment < names else UNKNOWN)
        return np.array(found, dtype=np.int64)

    def _add_demand(self, items: Ints, weights: Floats, times: NDArray[np.float64], segments: Ints) -> None:
        grown = weights * 2.0 ** ((times - self.base.until) / DAY_S / HALF_LIFE_DAYS)
        known = items >= 0
        np.add.at(self._demand[-1], items[known], grown[known])
        placed = known & (segments >= 0)
        np.add.at(self._demand, (segments[placed], items[placed]), grown[placed])

    def _meet(self, items: Ints, weights: Floats, users: list[str]) -> None:
        """users: of the events on new products."""
        fresh = items >= len(self.base.products)
        for row, weight, user in zip(items[fresh].tolist(), weights[fresh].tolist(), users, strict=True):
            self.clicks[row - len(self.base.products)] += 1
            if user in self.base.shoppers.index:
                met = self._met.setdefault(row, OrderedDict())
                self._to_fold.add(row)
                met[user] = min(WEIGHT_CAP, met.pop(user, 0.0) + weight)
                while len(met) > USERS_PER_PRODUCT:
                    met.popitem(last=False)

    def _fold_in(self) -> None:
        """Vectors of the new products that were met since the last time, from the users that the model knows."""
        factors, index = self.base.factors, self.base.shoppers.index
        rows = sorted(self._to_fold)
        self._to_fold.clear()
        flat = [(at, index[user], weight) for at, row in enumerate(rows) for user, weight in self._met[row].items()]
        places, users, weights = np.array(flat, dtype=np.float64).reshape(-1, 3).T
        distinct, columns = np.unique(users.astype(np.int64), return_inverse=True)
        met = csr_matrix((weights, (places.astype(np.int64), columns)), shape=(len(rows), len(distinct)))
        for row, vector in zip(rows, fold_in_items(factors, factors.user_factors[distinct], met), strict=True):
            self._factors[row - len(self.base.products)] = vector


def _wider(matrix: NDArray[np.float64], columns: int) -> NDArray[np.float64]:
    grown = np.zeros((len(matrix), columns - matrix.shape[1]))
    return np.concatenate([matrix, grown], axis=1) if grown.size else matrix
