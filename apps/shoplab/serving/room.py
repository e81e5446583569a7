"""Whether there is memory for a model."""

from shoplab.core.catalog import Catalog
from shoplab.core.memory import room_mib
from shoplab.recommend.model.files import DATASET


def lacking(catalog: Catalog, version: str) -> str:
    """What is wrong and what to set, "" for nothing. Asked before it is read: who is ended for it says nothing."""
    needed, room = catalog.manifest(DATASET, version).get("serving_mib", 0), room_mib()
    if needed <= room:
        return ""
    in_container = catalog.settings.lab == "cluster"
    advice = f"set API_MEMORY={needed}m in .env, then: ./lab up" if in_container else "train on fewer events"
    return f"recommender {version} takes {needed:,} MiB to serve, and there are {room:,}; {advice}"
