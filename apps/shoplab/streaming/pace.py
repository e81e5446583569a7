"""How many records a batch may take: as many as it can work off before the next trigger, or in a few seconds.

A batch that is full is one of a stream that is behind. Then small batches help nobody: what each costs by itself would
keep the stream behind.
"""

import statistics
from collections import deque

from shoplab.streaming.accounts import BatchAccount

FIRST, LEAST, MOST = 50_000, 1_000, 200_000  # MOST: what the driver's memory is made for
_LOOKED_AT = 3  # batches: one that a pause of the machine held up says nothing
_BEHIND_MS = 4_000  # a batch of a stream that is behind, where the trigger is shorter
_AIM, _SLACK = 0.7, 0.4  # of that time


class Pace:
    """limit: records a batch. Spark's source reads it when a query starts: a new one asks for a new query."""

    def __init__(self, trigger_ms: int) -> None:
        self._most_ms = max(trigger_ms, _BEHIND_MS)
        self._full: deque[BatchAccount] = deque(maxlen=_LOOKED_AT)
        self.limit = FIRST

    def take(self, account: BatchAccount) -> None:
        """Looks at batches that were full by today's limit: only they say what a full one takes."""
        if account.rows > 0.75 * self.limit:
            self._full.append(account)

    def changed(self) -> bool:
        """Whether the limit is another one from now on."""
        if len(self._full) < _LOOKED_AT:
            return False
        took_ms = statistics.median(account.duration_ms for account in self._full)
        rows = statistics.median(account.rows for account in self._full)
        if _SLACK * self._most_ms <= took_ms <= self._most_ms:
            return False
        wanted = rows * max(0.25, min(4.0, _AIM * self._most_ms / took_ms))
        limit = max(LEAST, min(MOST, round(wanted)))
        self._full.clear()
        if limit == self.limit:
            return False
        self.limit = limit
        return True
