"""Fixtures that several test folders share."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shoplab.core.settings import Settings, load_settings
from shoplab.core.spark import start_spark
from shoplab.lab.embedded.lab import running_lab
from shoplab.lab.ports import with_free_ports

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tests.shop import Shop


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a lab that is not running: its own home, the shared jar cache."""
    home = tmp_path_factory.mktemp("lab")
    return load_settings({"SHOPLAB_HOME": str(home), "SHOPLAB_CACHE": str(Settings.cache)})


@pytest.fixture(scope="session")
def spark(settings: Settings) -> "Iterator[SparkSession]":
    """Plans of a few rows: compiling one takes longer than running it. What the commands' own tests start compiles."""
    session = start_spark(settings, "tests")
    session.conf.set("spark.sql.shuffle.partitions", 2)
    session.conf.set("spark.sql.codegen.wholeStage", False)
    session.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A running embedded lab on free ports, for all end-to-end tests: each of them takes a data root of its own."""
    home = tmp_path_factory.mktemp("running-lab")
    own = load_settings({"SHOPLAB_HOME": str(home), "SHOPLAB_CACHE": str(load_settings().cache)})
    with running_lab(with_free_ports(own)) as running:
        yield running


@pytest.fixture(scope="session")
def shop(lab: Settings, spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Shop]":
    """October taken in, analysed and segmented, then November with an update. Its published versions are to stay."""
    from shoplab.core.frames import SparkCatalog
    from tests.shop import make_shop

    folder = tmp_path_factory.mktemp("shop")
    catalog = SparkCatalog(replace(lab, data_root="/shop", home=folder), spark)
    yield make_shop(catalog, folder)
    catalog.storage.delete("/shop")
