"""Reports of made-up tables on real HDFS, and a shop whose tables the jobs have made."""

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shoplab.behaviour.job import analyse
from shoplab.catalog import Catalog
from shoplab.ingest.generator import generate
from shoplab.ingest.job import ingest
from shoplab.ingest.mapping import load_mapping
from shoplab.report.page import write_report
from shoplab.segments.job import Request, segment
from shoplab.settings import Settings
from tests.report import samples

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Write = Callable[..., str]
_shops = itertools.count()


@pytest.fixture(scope="session")
def written(lab: Settings, tmp_path_factory: pytest.TempPathFactory) -> Write:
    """(tables, manifest, left out) -> the page, from a lab of its own."""

    def write(frames: samples.Frames, manifest: dict[str, Any] | None = None, left_out: tuple[str, ...] = ()) -> str:
        home: Path = tmp_path_factory.mktemp("report")
        settings = replace(lab, data_root=f"/report-{next(_shops)}", home=home)
        samples.write(Catalog(settings), frames, manifest, left_out)
        return write_report(settings).read_text(encoding="utf-8")

    return write


@pytest.fixture(scope="session")
def page(written: Write) -> str:
    """The report of everything."""
    return written(samples.frames(), samples.manifest(), ("revenue: the sample has <none> to speak of",))


@pytest.fixture(scope="session")
def shop(lab: Settings, spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two months taken in and analysed, segments of October and their update."""
    folder = tmp_path_factory.mktemp("shop")
    catalog = Catalog(replace(lab, data_root="/report-shop", home=folder), spark)
    for month, events in (("2019-10", 20_000), ("2019-11", 8_000)):
        generate(folder / f"{month}.csv", month, events, seed=42)
        ingest(catalog, folder / f"{month}.csv", load_mapping(None))
    analyse(catalog)
    segment(catalog, Request(as_of=dt.date(2019, 10, 31)))
    segment(catalog, Request(update=True))
    return catalog.settings
