"""Why a product is recommended, in one readable sentence."""

from collections import defaultdict
from collections.abc import Sequence

from shoplab.recommend.data.histories import Histories
from shoplab.recommend.data.products import Products, words_for

_CONTENT = 1


class Reasons:
    """Reasons for one batch of users."""

    def __init__(self, products: Products, segment_names: Sequence[str], histories: Histories) -> None:
        self.products = products
        self.segment_names = segment_names
        self.histories = histories
        self.met: dict[int, list[tuple[int, int]]] = defaultdict(list)  # owner -> (item, kind), newest first
        for owner, item, kind in zip(
            *(part[::-1].tolist() for part in (histories.owners, histories.items, histories.kinds)), strict=True
        ):
            self.met[owner].append((item, kind))

    def why(self, owner: int, item: int, parts: Sequence[float]) -> str:
        """Met before, or else named after the largest of the collaborative, content and segment parts."""
        for met, kind in self.met[owner]:
            if met == item:
                return self.histories.feedback.event(kind).met
        largest = max(range(3), key=lambda part: parts[part])
        if largest == _CONTENT and self.met[owner]:
            return self._like_what_was_met(owner, item)
        if largest <= _CONTENT:
            return "chosen by shoppers with your habits"
        segment = self.histories.segments[owner]
        named = 0 <= segment < len(self.segment_names)
        return f"popular among {self.segment_names[segment]}" if named else "popular in the shop"

    def _like_what_was_met(self, owner: int, item: int) -> str:
        shelves, categories = self.products.shelf_codes, self.products.category_codes
        for codes, brand in ((shelves, True), (categories, False)):
            for met, kind in self.met[owner]:
                if codes[met] == codes[item]:
                    return f"like {words_for(self.products[item], brand)} you {self._did(kind)}"
        return f"like products you {self._did(self.met[owner][0][1])}"

    def _did(self, kind: int) -> str:
        return self.histories.feedback.event(kind).did
