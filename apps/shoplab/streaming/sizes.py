"""How the segments' sizes change from one micro-batch to the next."""

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd


class Size(NamedTuple):
    """Of all users known. change: by how much of itself the segment's share grew with the batch, 0.1 for 10 %."""

    users: int
    share: float
    change: float


class SegmentSizes:
    """Users in each segment: those of the published table, moved on by every batch since. Remembers in memory where the
    stream put its users (some 100 bytes each); a stream that starts again starts from the published sizes.
    """

    def __init__(self, published: dict[str, int]) -> None:
        self._users = Counter(published)
        self._placed: dict[str, str] = {}

    def move(self, users: "pd.DataFrame") -> dict[str, Size]:
        """Takes up a batch's users: user_id, segment_name, and published, the name in the published table or null."""
        before = {name: count / max(1, self._users.total()) for name, count in self._users.items()}
        for user, now, published in zip(users["user_id"], users["segment_name"], users["published"], strict=True):
            was = self._placed.get(user, published)
            if isinstance(was, str):  # a newcomer's is null
                self._users[was] -= 1
            self._users[now] += 1
            self._placed[user] = now
        return {name: self._size(name, before.get(name, 0.0)) for name in self._users}

    def _size(self, name: str, before: float) -> Size:
        share = self._users[name] / max(1, self._users.total())
        return Size(self._users[name], share, share / before - 1 if before else 0.0)
