"""Many ids as flat arrays, found by their hash: a dict of a million takes 150 MB, and can't be shared by processes."""

from collections.abc import Iterable
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from shoplab.recommend.data.arrays import UNKNOWN


class Ids(NamedTuple):
    """hashes: of all ids, ascending; rows: that each belongs to; id of row i: text[starts[i]:starts[i + 1]], UTF-8."""

    hashes: NDArray[np.uint64]
    rows: NDArray[np.int32]
    starts: NDArray[np.int64]
    text: NDArray[np.uint8]

    @classmethod
    def of(cls, ids: Iterable[str]) -> Self:
        """Row i is the i-th one's."""
        encoded = [name.encode("utf-8", "surrogatepass") for name in ids]
        hashes = np.fromiter(map(xxh3_64_intdigest, encoded), np.uint64, len(encoded))
        starts = np.concatenate([[0], np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)))])
        rows = np.argsort(hashes, kind="stable").astype(np.int32)
        return cls(hashes[rows], rows, starts, np.frombuffer(b"".join(encoded), np.uint8))

    def name(self, row: int) -> str:
        return self._bytes(row).decode("utf-8", "surrogatepass")

    def find(self, name: str) -> int:
        """Its row, UNKNOWN for none."""
        wanted = name.encode("utf-8", "surrogatepass")
        hashed = np.uint64(xxh3_64_intdigest(wanted))
        at = int(self.hashes.searchsorted(hashed))
        while at < len(self.hashes) and self.hashes[at] == hashed:
            row = int(self.rows[at])
            if self._bytes(row) == wanted:
                return row
            at += 1
        return UNKNOWN

    def _bytes(self, row: int) -> bytes:
        return self.text[self.starts[row] : self.starts[row + 1]].tobytes()
