"""Recommendations for the users met last, made beside the stream's data path: a bounded list, until the API ranks."""

from collections import OrderedDict
from sys import intern
from typing import TYPE_CHECKING

import pyarrow as pa

from shoplab.core.schemas import RECOMMENDATION
from shoplab.core.schemas.arrow import arrow_schema

if TYPE_CHECKING:
    from shoplab.recommend.data.histories import UserContext
    from shoplab.recommend.model.recommender import Recommendation, Recommender

MOST_USERS = 500  # a batch, the latest active first
RECENT = 20  # events of a user that the recommender looks at
PER_USER = 10
_REMEMBERED = 50_000  # users
_LOOKED_AT = 20_000  # events of a batch, the newest


class RecentEvents:
    """What users did last, of those who came last."""

    def __init__(self) -> None:
        # Lists, and each word once: an empty deque takes as much as 60 events
        self._users: OrderedDict[str, list[tuple[str, str]]] = OrderedDict()

    def add(self, events: pa.Table) -> list[str]:
        """Takes a batch's EVENT rows up. Returns its MOST_USERS latest users, the latest first."""
        newest = events.select(["event_time", "user_id", "product_id", "event_type"]).sort_by("event_time")
        newest = newest.slice(max(0, len(newest) - _LOOKED_AT))
        columns = (newest[name].to_pylist() for name in ("user_id", "product_id", "event_type"))
        latest: dict[str, None] = {}
        for user, product, kind in zip(*columns, strict=True):
            did = self._users.setdefault(user, [])
            did.append((intern(product), intern(kind)))
            del did[:-RECENT]
            self._users.move_to_end(user)
            latest.pop(user, None)
            latest[user] = None
        while len(self._users) > _REMEMBERED:
            self._users.popitem(last=False)
        return list(latest)[: -MOST_USERS - 1 : -1]

    def of(self, user: str) -> list[tuple[str, str]]:
        """Newest last."""
        return list(self._users.get(user, ()))


def recommendations(model: "Recommender", contexts: "list[UserContext]") -> pa.Table:
    """RECOMMENDATION rows."""
    return _as_table(contexts, model.recommend(contexts, PER_USER))


def _as_table(contexts: "list[UserContext]", lists: "list[list[Recommendation]]") -> pa.Table:
    rows = [
        (user.user_id, rank, *item)
        for user, items in zip(contexts, lists, strict=True)
        for rank, item in enumerate(items, start=1)
    ]
    named = [dict(zip(RECOMMENDATION.names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(named, arrow_schema(RECOMMENDATION))
