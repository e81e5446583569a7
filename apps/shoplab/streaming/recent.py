"""What users did last, for who judges lists by what they do next."""

from collections import OrderedDict
from sys import intern

import pyarrow as pa

RECENT = 20  # events of a user that the recommender looks at
_REMEMBERED = 50_000  # users
_LOOKED_AT = 20_000  # events of a batch, the newest


class RecentEvents:
    """What users did last, of those who came last."""

    def __init__(self) -> None:
        # Lists, and each word once: an empty deque takes as much as 60 events
        self._users: OrderedDict[str, list[tuple[str, str]]] = OrderedDict()

    def add(self, events: pa.Table) -> None:
        """Takes a batch's EVENT rows up."""
        newest = events.select(["event_time", "user_id", "product_id", "event_type"]).sort_by("event_time")
        newest = newest.slice(max(0, len(newest) - _LOOKED_AT))
        columns = (newest[name].to_pylist() for name in ("user_id", "product_id", "event_type"))
        for user, product, kind in zip(*columns, strict=True):
            did = self._users.setdefault(user, [])
            did.append((intern(product), intern(kind)))
            del did[:-RECENT]
            self._users.move_to_end(user)
        while len(self._users) > _REMEMBERED:
            self._users.popitem(last=False)

    def of(self, user: str) -> list[tuple[str, str]]:
        """Newest last."""
        return list(self._users.get(user, ()))
