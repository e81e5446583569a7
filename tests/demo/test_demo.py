"""The README's first command, as a user types it."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from shoplab.core.catalog import Catalog
from shoplab.core.settings import REPO, Settings, as_environment, load_settings
from shoplab.lab.embedded import process
from shoplab.lab.ports import with_free_ports
from tests.data import REAL_DATA, csv_file, raw_line


def lab(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = as_environment(settings) | {"PYTHONPATH": str(REPO / "apps"), "SHOPLAB_TRIGGER": "2s"}
    command = [sys.executable, "-m", "shoplab", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return with_free_ports(replace(load_settings(), home=tmp_path / "lab"))


@pytest.fixture
def months() -> tuple[list[str], list[str]]:
    """The demo's options and what it is to say: the real slices where they are, else months it makes up."""
    october, november = REAL_DATA / "rees46/2019-Oct-slice.csv", REAL_DATA / "rees46/2019-Nov-slice-noheader.csv"
    if not (october.exists() and november.exists()):
        return ["--events", "5000"], ["5,000 rows = ", "0 unaccounted"]
    return ["--input", str(october), "--then", str(november)], [
        "17,435 rows = 17,429 clean + 5 exact duplicates + 1 rejected",
        "683 new, 0 duplicates, 0 rejected, 0 unaccounted",
    ]


def test_two_months_tell_the_whole_story_and_nothing_stays_running(
    settings: Settings, months: tuple[list[str], list[str]]
) -> None:
    options, says = months
    done = lab(settings, "demo", *options)
    assert done.returncode == 0, done.stderr
    assert [line for line in says if line not in done.stdout] == []
    assert "answered by the API" in done.stdout
    report = (settings.home / "report" / "index.html").read_text(encoding="utf-8")
    assert report.count("<svg") >= 9
    assert "nan" not in report.lower().replace("finance", "")
    assert process.running(settings) == {}
    assert str(settings.home) not in "".join(_command_lines())


def test_a_demo_never_clears_somebodys_own_data_and_keeps_what_it_is_told_to(
    settings: Settings, tmp_path: Path
) -> None:
    own = csv_file(tmp_path / "own.csv", *[raw_line(product=str(n)) for n in range(20)])
    try:
        assert lab(settings, "up", "--embedded").returncode == 0
        catalog = Catalog(settings)
        catalog.storage.write(catalog.demo_marker, b"as after a demo")
        assert lab(settings, "ingest", str(own)).returncode == 0
        refused = lab(settings, "demo", "--events", "1000")
        assert refused.returncode == 2
        assert "this lab holds your own events" in refused.stderr
        assert len(refused.stderr.strip().splitlines()[-1]) < 200
        assert catalog.partitions("events") == ["2019-10-01"]
    finally:
        lab(settings, "down")


def _command_lines() -> list[str]:
    mine = os.getpid()
    found = []
    for running in psutil.process_iter(["pid", "cmdline"]):
        if running.info["pid"] != mine and running.info["cmdline"]:
            found.append(" ".join(running.info["cmdline"]))
    return found
