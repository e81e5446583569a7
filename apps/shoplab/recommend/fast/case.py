"""One case ranked by compiled kernels."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoplab.recommend.data.arrays import UNKNOWN, Bools, Floats
from shoplab.recommend.fast import table
from shoplab.recommend.fast.flat import NAMES, Doubles, Flat, Singles
from shoplab.recommend.fast.lists import MOST
from shoplab.recommend.fast.rank import rank
from shoplab.recommend.sources.neighbours import NEIGHBOURS

MOST_EVENTS = 100  # of a case


class Room(NamedTuple):
    """Where a case is worked out, kept from one to the next: sums and row are 0 and -1 between them.

    sums, touched: per product; visit_sums, visits: per visit; terms, touched_terms: per TF-IDF term.
    """

    sums: Floats
    touched: Singles
    marked: Bools
    row: Singles
    visit_sums: Floats
    visits: Singles
    alike_scores: Floats
    alike: Singles
    terms: Floats
    touched_terms: Singles
    touched_terms_number: NDArray[np.int64]
    scores: Floats
    items: Singles
    sizes: NDArray[np.int64]
    slow: Singles
    slow_worth: Floats
    quick: Singles
    quick_worth: Floats
    even: Singles
    even_worth: Floats
    candidates: Singles
    candidate_scores: Doubles
    ties: Floats
    ordered: Doubles
    order: NDArray[np.int64]
    table: Floats
    reached: NDArray[np.uint16]


class Ranked(NamedTuple):
    """items: rows of the products, best first; scores; parts: what each of fast.flat.NAMES adds to them."""

    items: Singles
    scores: Doubles
    parts: Floats


class CaseRanker:
    """Of one model, for one thread at a time."""

    def __init__(self, flat: Flat) -> None:
        self.flat, self._room = flat, _room(flat)

    def rank(self, events: Singles, kinds: NDArray[np.int8], most: int, known: int = UNKNOWN, segment: int = UNKNOWN,
             gone: Singles | None = None, new: bool = False) -> Ranked:  # fmt: skip
        """events: rows of the products met, oldest first, at most MOST_EVENTS, with their kinds. known: row of the
        user's vector, where nothing of that is newer than the model. gone: not to be shown. new: only products not met
        are asked for; those that were are gone.
        """
        none = np.empty(0, np.int32)
        found = rank(self.flat, self._room, events[-MOST_EVENTS:], kinds[-MOST_EVENTS:], known, segment,
                     none if gone is None else gone, most, new)  # fmt: skip
        return Ranked(*found)


def _room(flat: Flat) -> Room:
    products, visits, terms = len(flat.items.category), len(flat.visits.starts), int(flat.width[1])

    def zeros(size: int, kind: Any = np.float32) -> NDArray[Any]:
        return np.zeros(size, kind)

    return Room(
        zeros(products), zeros(products, np.int32), zeros(products, np.bool_), np.full(products, UNKNOWN, np.int32),
        zeros(visits), zeros(visits, np.int32), zeros(NEIGHBOURS), zeros(NEIGHBOURS, np.int32), zeros(terms),
        zeros(terms, np.int32), zeros(1, np.int64), np.zeros((len(NAMES), MOST), np.float32),
        np.zeros((len(NAMES), MOST), np.int32), zeros(len(NAMES), np.int64), zeros(MOST_EVENTS, np.int32),
        zeros(MOST_EVENTS), zeros(MOST_EVENTS, np.int32), zeros(MOST_EVENTS), zeros(MOST_EVENTS, np.int32),
        zeros(MOST_EVENTS), zeros(table.MOST, np.int32), zeros(table.MOST, np.float64),
        zeros(table.MOST), zeros(table.MOST, np.float64), zeros(table.MOST, np.int64),
        np.zeros((table.MOST, len(flat.owner)), np.float32), zeros(len(flat.forest.values), np.uint16),
    )  # fmt: skip
