"""The arrays that the recommender is made of."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

UNKNOWN = -1  # in every array of rows or places: no such user, product, segment; no more in a list
DAY_S = 86_400.0
