"""A job's points: written, kept for later, or given up with a word; never the job's own fault."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shoplab.core.catalog import Catalog
from shoplab.core.settings import Settings
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.metrics.jobs import write_job_points
from shoplab.metrics.point import Point

POINT = Point("shop_day", {}, {"sessions": 1.0}, datetime(2019, 10, 1, tzinfo=UTC))
OTHER = Point("shop_day", {}, {"sessions": 2.0}, datetime(2019, 10, 2, tzinfo=UTC))


@pytest.fixture
def here(lab: Settings, tmp_path: Path) -> Settings:
    return replace(lab, home=tmp_path, data_root=f"/tests/{tmp_path.name}", influx_url="")


def test_points_go_into_the_store(here: Settings) -> None:
    write_job_points(here, "analyse", lambda: [POINT])
    assert EmbeddedStore(here.home / "metrics.db").query("shop_day") == [POINT]


def test_while_the_store_is_away_they_wait_in_the_jobs_own_spool_for_its_next_run(here: Settings) -> None:
    away = replace(here, influx_url="http://127.0.0.1:9", influx_token="t")
    write_job_points(away, "analyse", lambda: [POINT])
    storage = Catalog(here).storage
    assert len(storage.names(f"{here.data_root}/temp/metrics-spool-analyse")) == 1
    write_job_points(here, "train", list)
    assert EmbeddedStore(here.home / "metrics.db").query("shop_day") == []
    write_job_points(here, "analyse", lambda: [OTHER])
    assert EmbeddedStore(here.home / "metrics.db").query("shop_day") == [POINT, OTHER]
    assert storage.names(f"{here.data_root}/temp/metrics-spool-analyse") == []


def no_points() -> Sequence[Point]:
    raise ZeroDivisionError("no sessions\nat all")


@pytest.mark.parametrize(
    "fault", [{"influx_url": "http://127.0.0.1:9", "influx_token": ""}, {}], ids=["token", "measure"]
)
def test_no_fault_reaches_the_job(here: Settings, fault: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        write_job_points(replace(here, **fault), "segment", no_points)  # type: ignore[arg-type]
    [said] = [record.message for record in caplog.records if record.name == "shoplab.metrics.jobs"]
    assert "run ./lab segment again" in said
    assert "\n" not in said


def test_hdfs_away_is_told_too(here: Settings, caplog: pytest.LogCaptureFixture) -> None:
    gone = replace(here, webhdfs_url="http://127.0.0.1:9")
    with caplog.at_level(logging.WARNING):
        write_job_points(gone, "train", lambda: [POINT])
    assert "HDFS does not answer" in caplog.text
