"""A made-up shop on the running lab: October segmented, then November as an update."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from shoplab.behaviour.job import AnalysisSummary, analyse
from shoplab.core.frames import SparkCatalog
from shoplab.events.generator import generate
from shoplab.events.job import ingest
from shoplab.events.mapping import load_mapping
from shoplab.events.sources import inspect
from shoplab.segments.job import SegmentRequest, segment
from shoplab.segments.summary import SegmentSummary


@dataclass(frozen=True)
class Month:
    """What was made after the month: analyse's summary and users table, segment's summary, table and manifest; and the
    file and planted profiles it was made from.
    """

    analysis: AnalysisSummary
    users: pd.DataFrame
    summary: SegmentSummary
    table: pd.DataFrame
    manifest: dict[str, object]
    events: pd.DataFrame
    profiles: "pd.Series[str]"


@dataclass(frozen=True)
class Shop:
    catalog: SparkCatalog
    october: Month
    november: Month


def make_shop(catalog: SparkCatalog, folder: Path) -> Shop:
    """Takes half a minute and more: the tests share one."""
    october = _month(catalog, folder, "2019-10", 40_000, SegmentRequest())
    return Shop(catalog, october, _month(catalog, folder, "2019-11", 15_000, SegmentRequest(update=True)))


def _month(catalog: SparkCatalog, folder: Path, month: str, events: int, request: SegmentRequest) -> Month:
    path, truth = folder / f"{month}.csv", folder / f"{month}-truth.csv"
    generate(path, month, events, 5, truth)
    ingest(catalog, inspect(path, load_mapping("rees46")))
    analysis, users = analyse(catalog), catalog.read("users").toPandas()
    summary = segment(catalog, request)
    folder_of = catalog.current("segments")
    table = catalog.table("segments", folder_of.rsplit("/", 1)[1]).set_index("user_id").sort_index()
    profiles = pd.read_csv(truth, dtype=str).set_index("user_id")["profile"]
    raw = pd.read_csv(path, dtype={"user_id": str}, parse_dates=["event_time"])
    return Month(
        analysis, users, summary, table, catalog.storage.read_json(f"{folder_of}/manifest.json"), raw, profiles
    )
