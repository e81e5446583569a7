"""What models of before 2026-11 left unsaid: they all had these sources, features and event types, in this order."""

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
    } | facts
