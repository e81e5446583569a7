"""Implicit feedback: which event types say that a user wants a product, and how much one says."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shoplab.core.vocabulary import BY_NAME, FEEDBACK, PURCHASE, VIEW, EventType
from shoplab.recommend.data.arrays import UNKNOWN, Floats, Ints

# The most that all of a user's events on one product may say together: the cap keeps robots and page reloads from
# outweighing everybody else.
WEIGHT_CAP = 20.0


@dataclass(frozen=True)
class Feedback:
    """types: the weakest first; a kind is a place among them. weights: of one event each.

    A model keeps the one it was trained with: a type that comes later changes nothing in what it has learned.
    """

    types: tuple[str, ...]
    weights: tuple[float, ...]

    @classmethod
    def of(cls, weights: Mapping[str, float]) -> "Feedback":
        return cls(tuple(weights), tuple(weights.values()))

    def as_dict(self) -> dict[str, float]:
        return dict(zip(self.types, self.weights, strict=True))

    @cached_property
    def kinds(self) -> dict[str, int]:
        """Event type -> kind."""
        return {name: kind for kind, name in enumerate(self.types)}

    @cached_property
    def weight_of(self) -> Floats:
        """By kind."""
        return np.array(self.weights, dtype=np.float32)

    @property
    def view(self) -> int:
        """The kind of a log that says nothing but what was met."""
        return self.kinds.get(VIEW.name, UNKNOWN)

    @property
    def purchase(self) -> int:
        return self.kinds.get(PURCHASE.name, UNKNOWN)

    def event(self, kind: int) -> EventType:
        return BY_NAME[self.types[kind]]

    def translated(self, other: "Feedback") -> Ints:
        """The other's kinds as kinds here, UNKNOWN for those that are none here."""
        return np.array([self.kinds.get(name, UNKNOWN) for name in other.types], dtype=np.int64)


CURRENT = Feedback.of(FEEDBACK)
