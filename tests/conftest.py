"""Fixtures that several test folders share."""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shoplab.core.settings import Settings, load_settings
from shoplab.core.spark import start_spark
from shoplab.lab import ports
from shoplab.lab.embedded.lab import running_lab
from shoplab.lab.ports import with_free_ports
from tests.data import FEW_ROWS

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from pyspark.sql import SparkSession
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

    from tests.shop import Shop

# Beside each other, workers take a folder at a time: its tests share servers, sessions and models. Longest first.
LONGEST_FIRST = ("docker", "segments", "streaming", "load", "recommend", "grafana", "demo", "events")
# Some look at one shop. Others open a browser: Chromium drops what it loads when a container's network comes or goes.
WITH = {"report": "segments", "behaviour": "segments", "infra": "docker", "lab": "docker", "serving": "docker"}


def pytest_configure(config: pytest.Config) -> None:
    """Workers look for free ports in different places: between choosing one and listening there, seconds pass."""
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        workers = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        share = len(ports.FREE) // workers
        ports.FREE = ports.FREE[int(worker.removeprefix("gw")) * share :][:share]
        ports.FREE_OF_BROWSERS = ports.FREE_OF_BROWSERS[int(worker.removeprefix("gw")) :: workers]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest folders first, so that no worker begins one when the others are done."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        order = {folder: place for place, folder in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: order.get(_share(item.nodeid), len(order)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadScopeScheduling":
    from xdist.scheduler import LoadScopeScheduling

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _share(nodeid)

    return ByFolder(config, log)


def _share(nodeid: str) -> str:
    """What a worker takes whole: a folder of tests/, or a file where it stands there alone."""
    place = nodeid.split("::")[0].split("/")[1]
    return WITH.get(place, place)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a lab that is not running: its own home, the shared jar cache."""
    home = tmp_path_factory.mktemp("lab")
    return load_settings({"SHOPLAB_HOME": str(home), "SHOPLAB_CACHE": str(Settings.cache)})


@pytest.fixture(scope="session")
def spark(settings: Settings) -> "Iterator[SparkSession]":
    """One for all tests of a worker. What tests start as a command has its own, with the product's options."""
    session = start_spark(settings, "tests")
    for name, value in FEW_ROWS.items():
        session.conf.set(name, value)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A running embedded lab on free ports, for all end-to-end tests: each of them takes a data root of its own."""
    home = tmp_path_factory.mktemp("running-lab")
    own = load_settings({"SHOPLAB_HOME": str(home), "SHOPLAB_CACHE": str(load_settings().cache)})
    with running_lab(with_free_ports(own)) as running:
        yield running


@pytest.fixture(scope="module")
def tab() -> "Iterator[Page]":
    """A browser's tab, or a skip with a word."""
    from tests.browser import browser

    with browser() as chromium:
        yield chromium.new_page()


@pytest.fixture
def stranger(tab: "Page") -> Iterator[str]:
    """The tab shows a page of another origin: its address."""
    from tests import elsewhere

    with elsewhere.server() as (port, _):
        url = f"http://localhost:{port}"
        tab.goto(url)
        yield url


@pytest.fixture(scope="session")
def shop(lab: Settings, spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Shop]":
    """October taken in, analysed and segmented, then November with an update. Its published versions are to stay."""
    from shoplab.core.frames import SparkCatalog
    from tests.shop import make_shop

    folder = tmp_path_factory.mktemp("shop")
    catalog = SparkCatalog(replace(lab, data_root="/shop", home=folder), spark)
    yield make_shop(catalog, folder)
    catalog.storage.delete("/shop")
