"""Reports of made-up tables on real HDFS, and a shop whose tables the jobs have made."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shoplab.core.catalog import Catalog
from shoplab.core.settings import Settings
from shoplab.report.page import write_report
from tests.report import samples
from tests.shop import Shop

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
def analysed(shop: Shop) -> Settings:
    """Of a lab with two months taken in and analysed, segments of October and their update."""
    return shop.catalog.settings
