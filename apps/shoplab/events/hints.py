"""What other shops call the lab's columns and event types."""

import re
from functools import cache
from importlib.resources import files

import yaml


def ours(kind: str, theirs: str) -> str | None:
    """kind: columns or event_types. Marks and letters' sizes do not matter, nor what stands behind in brackets."""
    plain = re.sub(r"[^a-z0-9]", "", re.sub(r"[(\[].*", "", theirs.lower()))
    return next((known for known, names in _hints()[kind].items() if plain in names), None)


@cache
def _hints() -> dict[str, dict[str, list[str]]]:
    text = (files("shoplab.events") / "map_hints.yaml").read_text(encoding="utf-8")
    hints: dict[str, dict[str, list[str]]] = yaml.safe_load(text)
    return hints
