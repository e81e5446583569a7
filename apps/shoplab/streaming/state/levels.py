"""Each product's place among the prices of its category, by the product's hash."""

import numpy as np
from numpy.typing import NDArray

from shoplab.streaming.state.keyed import Keys


class Levels:
    """price_level of behaviour.products as of the last `./lab analyse`."""

    def __init__(self, keys: Keys, levels: NDArray[np.float64]) -> None:
        order = np.argsort(keys)
        self._keys, self._levels = keys[order], np.append(levels[order], np.nan)

    def of(self, products: Keys) -> NDArray[np.float64]:
        """NaN of a product that is not known."""
        places = np.searchsorted(self._keys, products)
        known = self._keys[np.minimum(places, len(self._keys) - 1)] == products if len(self._keys) else False
        found: NDArray[np.float64] = self._levels[np.where(known, places, len(self._keys))]
        return found


def no_levels() -> Levels:
    return Levels(np.zeros(0, np.int64), np.zeros(0))
