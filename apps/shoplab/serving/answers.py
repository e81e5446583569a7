"""A history -> the answer the API gives, as bytes."""

from functools import lru_cache
from typing import Any

import numpy as np
import orjson
from pydantic import BaseModel

from shoplab.core.vocabulary import EventType
from shoplab.recommend.data.arrays import UNKNOWN
from shoplab.recommend.data.products import Product
from shoplab.recommend.fast.case import Ranked
from shoplab.recommend.fast.flat import NAMES
from shoplab.recommend.ranking.reasons import Reasons
from shoplab.recommend.sources import SOURCES
from shoplab.recommend.sources.base import GROUPS
from shoplab.serving.people import Segment
from shoplab.serving.served import History, Served

_IN_GROUP = [GROUPS.index(source.group) for source in SOURCES]
_SHELVES = 20_000  # products whose words are kept
_MET = 20  # newest events that a reason may speak of


class Item(BaseModel):
    """One recommended product. collaborative, content and segment add up to score; so do the sources."""

    rank: int
    product_id: str
    category_code: str | None
    brand: str | None
    price: float | None
    score: float
    collaborative: float
    content: float
    segment: float
    why: str
    sources: dict[str, float]


class Answer(BaseModel):
    """Recommendations for one user or visitor, best first. source: live where there are events that the model was not
    trained on, model where it knows the user, else popular. segment is null for whom no table holds.
    """

    user_id: str | None
    segment: int | None
    segment_name: str | None
    source: str
    model_version: str
    increment: int
    items: list[Item]


class Similar(BaseModel):
    """Products that shoppers who look at this one are shown, best first."""

    product_id: str
    model_version: str
    increment: int
    items: list[Item]


class _Shelves:
    """What reasons ask of products, from the arrays."""

    def __init__(self, served: Served) -> None:
        self._product = lru_cache(_SHELVES)(served.catalogue.product)
        items = served.bundle.parts.flat.items
        self.category_codes = items.category
        self.shelf_codes = items.shelf

    def __getitem__(self, row: int) -> Product:
        return self._product(row)


class Answers:
    """Of one model."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._reasons = Reasons(_Shelves(served), served.bundle.segment_names)

    def answer(self, user_id: str | None, segment: Segment | None, history: History, ranked: Ranked) -> bytes:
        """JSON of Answer."""
        bundle = self.served.bundle
        head = {
            "user_id": user_id, "segment": segment and segment.number, "segment_name": segment and segment.name,
            "source": source_of(history), "model_version": bundle.version, "increment": bundle.increment,
        }  # fmt: skip
        return _joined(head, self.items(history, ranked))

    def similar(self, product_id: str, history: History, ranked: Ranked) -> bytes:
        """JSON of Similar."""
        bundle = self.served.bundle
        head = {"product_id": product_id, "model_version": bundle.version, "increment": bundle.increment}
        return _joined(head, self.items(history, ranked))

    def items(self, history: History, ranked: Ranked) -> list[bytes]:
        """JSON of each Item."""
        met = self._met(history)
        scores, parts = ranked.scores.round(6), ranked.parts.astype(np.float64).round(6)
        rows = zip(ranked.items.tolist(), scores.tolist(), parts.tolist(), strict=True)
        return [self._item(place, *row, met, history.segment) for place, row in enumerate(rows, start=1)]

    def _item(
        self, place: int, item: int, score: float, parts: list[float], met: list[tuple[int, EventType]], segment: int
    ) -> bytes:
        groups = [0.0] * len(GROUPS)
        for group, part in zip(_IN_GROUP, parts, strict=True):
            groups[group] += part
        sources = {name: part for name, part in zip(NAMES, parts, strict=True) if part > 0}
        why = self._reasons.why(item, max(sources, key=sources.__getitem__, default=""), met, segment)
        said: dict[str, Any] = {"score": score, **dict(zip(GROUPS, groups, strict=True)), "why": why}
        said["sources"] = sources
        return b'{"rank":%d,%b,%b' % (place, self.served.catalogue.shown_as(item), orjson.dumps(said)[1:])

    def _met(self, history: History) -> list[tuple[int, EventType]]:
        """Newest first."""
        feedback = self.served.bundle.feedback
        items, kinds = history.items[-_MET:][::-1].tolist(), history.kinds[-_MET:][::-1].tolist()
        return [(item, feedback.event(kind)) for item, kind in zip(items, kinds, strict=True)]


def source_of(history: History) -> str:
    if history.live:
        return "live"
    return "popular" if history.row == UNKNOWN else "model"


def _joined(head: dict[str, Any], items: list[bytes]) -> bytes:
    return b'%b,"items":[%b]}' % (orjson.dumps(head)[:-1], b",".join(items))
