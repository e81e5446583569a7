from dataclasses import replace

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog
from shoplab.core.settings import Settings
from shoplab.recommend.data.histories import UserContext
from shoplab.recommend.job import train
from shoplab.recommend.model.files import load_current


@pytest.fixture
def settings_of_shop(lab: Settings) -> Settings:
    return replace(lab, data_root="/recommend-job")


def test_training_publishes_a_version_that_answers(
    settings_of_shop: Settings, spark: SparkSession, shop: DataFrame
) -> None:
    catalog = SparkCatalog(settings_of_shop, spark)
    with pytest.raises(LabError, match=r"\./lab train"):
        load_current(catalog)
    with pytest.raises(LabError, match=r"\./lab ingest"):
        train(catalog)
    catalog.replace("events", shop, "date")

    summary = train(catalog, rank=2)

    assert (summary.engine, summary.users, summary.products, summary.segments) == ("implicit", 40, 30, 0)
    path = catalog.current("models/recommender")
    assert path.endswith(f"version={summary.version}")
    assert catalog.storage.read_json(f"{path}/manifest.json")["pairs"] == summary.pairs
    model = load_current(catalog)
    assert model.version == summary.version
    assert [item.product_id[0] for item in model.recommend([UserContext("p0")], 5)[0]] == ["p"] * 5
