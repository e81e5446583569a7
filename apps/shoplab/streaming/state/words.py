"""Words as small numbers: categories and brands in the stream's memory."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NONE = -1


class Words:
    """Each word's number is its place in the order of their coming."""

    def __init__(self, words: Sequence[str] = ()) -> None:
        self.all = list(words)
        self._numbers = {word: number for number, word in enumerate(self.all)}
        self._ranks = np.zeros(0, np.int64)

    def numbers(self, texts: pa.ChunkedArray) -> NDArray[np.int32]:
        """NONE for null. New words get a number."""
        coded = texts.combine_chunks().dictionary_encode()
        known = np.array([*(self._number(word) for word in coded.dictionary.to_pylist()), NONE], np.int32)
        places: NDArray[np.int32] = known[pc.fill_null(coded.indices, len(known) - 1).to_numpy(zero_copy_only=False)]
        return places

    def _number(self, word: str) -> int:
        if word not in self._numbers:
            self._numbers[word] = len(self.all)
            self.all.append(word)
        return self._numbers[word]

    def texts(self, numbers: NDArray[np.int32]) -> pa.Array:
        """Null for NONE."""
        places = pa.array(numbers, pa.int32(), mask=numbers < 0)
        return pa.array(self.all, pa.string()).take(places)

    def ranks(self) -> NDArray[np.int64]:
        """Of each word its place in the order of the alphabet."""
        if len(self._ranks) < len(self.all):
            self._ranks = np.argsort(np.argsort(np.array(self.all, object)))
        return self._ranks
