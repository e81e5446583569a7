"""Published centres that move on with the users that are met: mini-batch k-means.

Source: Sculley 2010, Web-Scale K-Means Clustering: each centre is the running mean of the users that were nearest to
it, so it moves by n / (weight + n) of the way to the mean of n new ones.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shoplab.segments.features import Matrix
from shoplab.segments.kmeans import SegmentModel
from shoplab.segments.model import Segmentation

MOST_WEIGHT = 20_000.0  # users that a centre stands for at most: what is long ago is forgotten
MOST_DRIFT = 1.0  # a centre that has left its own users behind is another segment: the names may no longer be true


@dataclass(frozen=True)
class Centres:
    """Of the published version `base`. now: shape (k, features), scaled, in its order. weights: users that each centre
    stands for. spread: per centre the root mean square distance of its users, 0 where none was met.
    """

    base: str
    number: int
    now: Matrix
    weights: Matrix
    spread: Matrix

    def drift(self, model: SegmentModel) -> Matrix:
        """Per centre how far it is from where it was published, over its users' spread; 0 where none was met."""
        moved = np.linalg.norm(self.now - model.matrix, axis=1)
        found: Matrix = np.divide(moved, self.spread, out=np.zeros_like(moved), where=self.spread > 0)
        return found

    def to_dict(self) -> dict[str, Any]:
        arrays = {name: getattr(self, name).tolist() for name in ("now", "weights", "spread")}
        return {"base": self.base, "number": self.number} | arrays

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Centres":
        arrays = {name: np.array(values[name], dtype=np.float64) for name in ("now", "weights", "spread")}
        return cls(values["base"], values["number"], **arrays)


def as_published(base: str, model: SegmentModel) -> Centres:
    weight = min(MOST_WEIGHT, model.users / max(1, model.k))
    return Centres(base, 0, model.matrix, np.full(model.k, weight), np.zeros(model.k))


def moved(centres: Centres, scaled: Matrix) -> Centres:
    """After one mini-batch of users, each once, shape (users, features)."""
    nearest = ((scaled[:, None, :] - centres.now[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)
    now, weights, spread = centres.now.copy(), centres.weights.copy(), centres.spread.copy()
    for centre in np.unique(nearest):
        mine = scaled[nearest == centre]
        rate = len(mine) / (weights[centre] + len(mine))
        now[centre] += rate * (mine.mean(axis=0) - now[centre])
        weights[centre] = min(MOST_WEIGHT, weights[centre] + len(mine))
        spread[centre] = np.sqrt(((mine - now[centre]) ** 2).sum(axis=1).mean())
    return Centres(centres.base, centres.number + 1, now, weights, spread)


def apply_centres(model: Segmentation, centres: Centres) -> Segmentation:
    """The segmentation with its centres where they are now; scaling, names and the rest stay."""
    rows = tuple(tuple(row) for row in centres.now.tolist())
    return replace(model, kmeans=replace(model.kmeans, centres=rows))
