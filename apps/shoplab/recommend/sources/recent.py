"""What the user met lately: half of all next orders and a fifth of all next clicks are products seen before."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from shoplab.recommend.histories import Histories
from shoplab.recommend.sources.base import Arrays, Training, trimmed

DECAY = 0.9
SIZE = 60


@dataclass(frozen=True)
class Recent:
    """The history itself: weights of views, carts and purchases that fade with every newer event."""

    products: int
    name: ClassVar[str] = "recent"

    @classmethod
    def fit(cls, training: Training) -> Self:
        return cls(len(training.log.catalogue))

    def lists(self, histories: Histories) -> csr_matrix:
        return trimmed(histories.matrix(self.products, DECAY), SIZE)

    def arrays(self) -> Arrays:
        return {"products": np.array(self.products)}

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        return cls(int(arrays["products"]))
