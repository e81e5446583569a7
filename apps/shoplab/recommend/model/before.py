"""What models of before left unsaid: until 2026-11 they all had these sources, features and event types, in this order;
until 2026-12 none had a discovery blend.
"""

from typing import Any

_SOURCES = ("recent", "covisits", "neighbours", "als", "content", "segment popularity", "popularity")
_FEATURES = (
    "als score", "content cosine", "popularity score", "segment's taste", "events since met", "times met",
    "strongest event", "same category", "same shelf", "price ratio", "events", "newest product's popularity",
)  # fmt: skip


def with_defaults(facts: dict[str, Any]) -> dict[str, Any]:
    """A model.json with all its keys."""
    lists = [f"{source} {part}" for source in _SOURCES for part in ("scaled", "rank", "raw")]
    return {
        "sources": list(_SOURCES),
        "columns": [*lists, *_FEATURES],
        "feedback": {"view": 1.0, "cart": 3.0, "purchase": 5.0},
        "discovery": False,
        "validation_of_new": {},
    } | facts
