"""Whether an increment may stay: it is withdrawn where it does worse than the model without it, beyond noise."""

from collections.abc import Sequence
from typing import NamedTuple

from scipy.stats import binomtest

from shoplab.streaming.learning.prequential import BASE, SERVED, Judged

FEWEST = 30  # events that only one of the two lists held, below which nothing is decided
ALPHA = 0.001  # small, for it is looked at after every batch
DOUBT = 0.05  # an increment is looked at once when the next one takes its place


class Paired(NamedTuple):
    """Of the same events: gained by the increment's list only, lost by it (held by the base's only); p: of as many
    lost ones or more where both lists were equally good (exact sign test on the discordant pairs: McNemar 1947).
    """

    cases: int
    gained: int
    lost: int
    p: float

    @property
    def decided(self) -> bool:
        return self.gained + self.lost >= FEWEST

    @property
    def harms(self) -> bool:
        return self.decided and self.p < ALPHA

    @property
    def doubtful(self) -> bool:
        """Whether it may well have done worse: not one to go back to. One event more or less does not say so."""
        return self.p < DOUBT

    @property
    def gain(self) -> float:
        """Difference of hit@20."""
        return (self.gained - self.lost) / max(1, self.cases)


def paired(judged: Sequence[Judged]) -> Paired:
    """Of the events that were judged under an increment."""
    both = [(one.ranks[SERVED] > 0, one.ranks[BASE] > 0) for one in judged if one.increment]
    gained = sum(served and not base for served, base in both)
    lost = sum(base and not served for served, base in both)
    p = float(binomtest(lost, gained + lost, alternative="greater").pvalue) if gained + lost else 1.0
    return Paired(len(both), gained, lost, p)
