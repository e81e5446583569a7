"""The stream section: what the micro-batches took in, and how fast."""

import pandas as pd

from shoplab.core.catalog import Catalog
from shoplab.report.cards import Chart, Section, Tile
from shoplab.report.formats import count, decimal
from shoplab.report.plots.stream import batches


def stream(catalog: Catalog) -> Section:
    catalog.need("live/accounts")
    folder = catalog.path("live", "accounts")
    accounts = pd.DataFrame([catalog.storage.read_json(f"{folder}/{name}") for name in catalog.storage.names(folder)])
    section = Section("Stream", tiles=[_tiles(accounts)])
    section.add(CHARTS, accounts)
    return section


def _tiles(accounts: pd.DataFrame) -> list[Tile]:
    sums = [(name, count(accounts[column].sum())) for name, column in _COUNTS.items()]
    return [
        ("micro-batches", count(len(accounts))),
        *sums,
        ("a batch takes, median", f"{decimal(accounts['duration_ms'].median() / 1000, 1)} s"),
        ("Kafka to HDFS, median", f"{decimal(accounts['latency_p50_ms'].median() / 1000, 1)} s"),
    ]


_COUNTS = {"events": "rows", "new": "new", "duplicates": "duplicates", "rejected": "rejected"}

CHARTS: tuple[Chart[pd.DataFrame], ...] = (
    Chart(
        "Batches",
        "Bars: events of each micro-batch; lines: the seconds it took, and those from an event's arrival in Kafka"
        " until it and what follows from it are on HDFS.",
        batches,
        wide=True,
    ),
)
