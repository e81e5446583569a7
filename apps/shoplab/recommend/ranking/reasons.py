"""Why a product is recommended, in one readable sentence: what the source that puts most into its score has to say."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shoplab.core.vocabulary import EventType
from shoplab.recommend.data.arrays import UNKNOWN
from shoplab.recommend.data.products import Product, words_for
from shoplab.recommend.sources.content import Content
from shoplab.recommend.sources.covisits import Covisits
from shoplab.recommend.sources.recent import Recent
from shoplab.recommend.sources.segment_popularity import SegmentPopularity

POPULAR = "popular in the shop"
_SAID = {"neighbours": "chosen by shoppers with visits like yours", "als": "chosen by shoppers with your habits"}
Met = Sequence[tuple[int, EventType]]  # rows of the products, newest first


class Shelves(Protocol):
    """Products by row, and per row the codes of category and shelf."""

    @property
    def category_codes(self) -> NDArray[np.int32]: ...
    @property
    def shelf_codes(self) -> NDArray[np.int32]: ...
    def __getitem__(self, row: int) -> Product: ...


class Reasons:
    """Of one model. segment_names: of segment 0, 1, …"""

    def __init__(self, products: Shelves, segment_names: Sequence[str]) -> None:
        self._products, self._segment_names = products, segment_names

    def why(self, item: int, source: str, met: Met, segment: int) -> str:
        """source: the one with the largest part, "" where none has any. segment: UNKNOWN for none."""
        if source == Recent.name:
            return next((event.met for row, event in met if row == item), POPULAR)
        if source == Covisits.name and met:
            row, event = met[0]
            return f"often seen with {words_for(self._products[row])} you {event.did}"
        if source == Content.name and met:
            return self._like_what_was_met(item, met)
        if source == SegmentPopularity.name and UNKNOWN < segment < len(self._segment_names):
            return f"popular among {self._segment_names[segment]}"
        return _SAID.get(source, POPULAR)

    def _like_what_was_met(self, item: int, met: Met) -> str:
        for codes, brand in ((self._products.shelf_codes, True), (self._products.category_codes, False)):
            for row, event in met:
                if codes[row] == codes[item]:
                    return f"like {words_for(self._products[item], brand)} you {event.did}"
        return f"like products you {met[0][1].did}"
