"""Times of many requests in little room, to one percent, that several processes can add up."""

import math
from collections import Counter
from collections.abc import Iterable

_STEP = math.log(1.02)
_SHORTEST_MS = 0.001


class Histogram:
    """Counts of times in buckets 2 % apart, so that a percentile is wrong by 1 % at most; times in ms."""

    def __init__(self, counts: dict[int, int] | None = None) -> None:
        self.counts: Counter[int] = Counter(counts or {})

    def add(self, ms: float) -> None:
        self.counts[int(math.log(max(ms, _SHORTEST_MS) / _SHORTEST_MS) / _STEP)] += 1

    def __len__(self) -> int:
        return sum(self.counts.values())

    def percentile(self, share: float) -> float:
        """The time that this share of the requests took no longer than; 0 where there are none."""
        left = math.ceil(share * len(self))
        for bucket in sorted(self.counts):
            left -= self.counts[bucket]
            if left <= 0:
                return float(f"{_SHORTEST_MS * math.exp((bucket + 0.5) * _STEP):.3g}")
        return 0.0

    def percentiles(self) -> dict[str, float]:
        return {f"p{percent}": self.percentile(percent / 100) for percent in (50, 90, 95, 99)}


def added(histograms: Iterable[Histogram]) -> Histogram:
    """Of all their requests together."""
    total = Histogram()
    for histogram in histograms:
        total.counts.update(histogram.counts)
    return total
