"""A made-up shop on the running lab: October segmented, then November as an update."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from shoplab.behaviour.job import analyse
from shoplab.core.catalog import Catalog
from shoplab.events.generator import generate
from shoplab.events.job import ingest
from shoplab.events.mapping import load_mapping
from shoplab.segments.job import SegmentRequest, segment
from shoplab.segments.summary import SegmentSummary


@dataclass(frozen=True)
class Month:
    """What `./lab segment` made after the month, and the file and planted profiles it was made from."""

    summary: SegmentSummary
    table: pd.DataFrame
    manifest: dict[str, object]
    events: pd.DataFrame
    profiles: "pd.Series[str]"


@dataclass(frozen=True)
class Shop:
    catalog: Catalog
    october: Month
    november: Month


def make_shop(catalog: Catalog, folder: Path) -> Shop:
    """Takes half a minute and more: the tests share one."""
    october = _month(catalog, folder, "2019-10", 40_000, SegmentRequest())
    return Shop(catalog, october, _month(catalog, folder, "2019-11", 15_000, SegmentRequest(update=True)))


def _month(catalog: Catalog, folder: Path, month: str, events: int, request: SegmentRequest) -> Month:
    path, truth = folder / f"{month}.csv", folder / f"{month}-truth.csv"
    generate(path, month, events, 5, truth)
    ingest(catalog, path, load_mapping(None))
    analyse(catalog)
    summary = segment(catalog, request)
    folder_of = catalog.current("segments")
    table = catalog.table("segments", folder_of.rsplit("/", 1)[1]).set_index("user_id").sort_index()
    profiles = pd.read_csv(truth, dtype=str).set_index("user_id")["profile"]
    raw = pd.read_csv(path, dtype={"user_id": str}, parse_dates=["event_time"])
    return Month(summary, table, catalog.storage.read_json(f"{folder_of}/manifest.json"), raw, profiles)
