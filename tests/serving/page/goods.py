"""What the stub's shop sells and to whom, and how it ranks: what is met weighs, then its category, then popularity."""

from collections.abc import Sequence
from typing import Any

SEGMENTS = ("loyal", "deliberate buyer, dear taste", "window shopper", "regular visitor who doesn't buy, comes often")
USERS = {"512300003": 1, "513984471": 3, "520088904": 2, "524500218": 0, "531124876": 2}  # user -> segment
HOSTILE = "<u>26300091"  # a product of a log that means harm
_WEIGHTS = {"view": 1.0, "cart": 2.0, "purchase": -1.0}
_SHELVES = {
    "electronics.smartphone": (("samsung", 130.75), ("apple", 975.36), ("xiaomi", 154.36), ("huawei", 208.22)),
    "electronics.audio.headphone": (("apple", 159.99), ("sony", 89.45), ("jbl", 51.22)),
    "electronics.video.tv": (("samsung", 411.83), ("lg", 396.1), ("artel", 171.56)),
    "computers.notebook": (("lenovo", 514.56), ("acer", 396.86), ("asus", 643.23)),
    "appliances.kitchen.refrigerators": (("indesit", 288.04), ("lg", 720.48)),
    "appliances.environment.vacuum": (("philips", 102.7), ("dyson", 434.77), ("elenberg", 38.1)),
    "apparel.shoes.keds": (("respect", 46.33), ("xti", 52.77)),
    "furniture.living_room.sofa": (("brw", 1287.03),),
}


def _catalogue() -> dict[str, dict[str, Any]]:
    goods = [(code, brand, price) for code, shelf in _SHELVES.items() for brand, price in shelf]
    named = [{"product_id": str(1004856 + 137 * place), "category_code": code, "brand": brand, "price": price}
             for place, (code, brand, price) in enumerate(goods)]  # fmt: skip
    named.append({"product_id": "26300085", "category_code": None, "brand": None, "price": None})
    named.append({"product_id": HOSTILE, "category_code": "<img src=x onerror=alert(1)>", "brand": "<i>evil</i>",
                  "price": 12.5})  # fmt: skip
    return {goods["product_id"]: goods for goods in named}


CATALOGUE = _catalogue()


def ranked(events: Sequence[dict[str, Any]], k: int, new: bool, context: str | None) -> list[dict[str, Any]]:
    """The items of a list, best first."""
    seen = [*events, *([{"product_id": context, "event_type": "view"}] if context else [])]
    met = {event["product_id"] for event in seen}
    chosen = [_scored(place, goods, seen) for place, goods in enumerate(CATALOGUE.values())]
    kept = [item for item in chosen if not (new and item["product_id"] in met)]
    kept.sort(key=lambda item: -item["score"])
    return [{"rank": rank, **item} for rank, item in enumerate(kept[:k], start=1)]


def _scored(place: int, goods: dict[str, Any], events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    itself = sum(_WEIGHTS[e["event_type"]] for e in events if e["product_id"] == goods["product_id"])
    near = sum(_WEIGHTS[e["event_type"]] for e in events if _near(e["product_id"], goods))
    popular = 0.3 * (0.9**place)
    carted = sum(event["event_type"] == "cart" and _near(event["product_id"], goods, 1) for event in events)
    content, collaborative = max(0.0, 0.12 * near + 0.05 * carted), max(0.0, 0.2 * itself)
    why = _why(goods, itself, near, carted)
    parts = {"collaborative": collaborative, "content": content, "segment": popular}
    sources = {"neighbours": collaborative, "content": content, "segment popularity": popular}
    return {**goods, "score": sum(parts.values()), **parts, "why": why, "sources": sources}


def _near(product_id: str, goods: dict[str, Any], levels: int = 9) -> bool:
    """Of one category, to so many of its levels."""
    codes = (CATALOGUE[product_id]["category_code"], goods["category_code"])
    return None not in codes and len({tuple(code.split(".")[:levels]) for code in codes}) == 1


def _why(goods: dict[str, Any], itself: float, near: float, carted: int) -> str:
    if itself:
        return "you viewed it lately"
    if near:
        return f"like {goods['brand']} products you viewed"
    return "chosen by shoppers with your habits" if carted else "popular in the shop"
