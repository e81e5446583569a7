"""A small shop with two planted tastes, and the model trained on it by either engine."""

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplab.recommend.job import fit_recommender
from shoplab.recommend.model.recommender import Recommender
from tests.data import event_frame
from tests.recommend.planted_shop import PER_SHELF, SHOPPERS, event


@pytest.fixture(scope="session")
def shop(spark: SparkSession) -> DataFrame:
    """40 users: the even ones ("p0") meet eight phones each, the odd ones ("s1") eight shoes, and buy the last."""
    rng = np.random.default_rng(11)
    rows = []
    for number in range(SHOPPERS):
        taste = "ps"[number % 2]
        met = rng.choice(PER_SHELF, 8, replace=False)
        rows += [event(f"{taste}{number}", f"{taste}{item}", minute=number + i) for i, item in enumerate(met)]
        rows.append(event(f"{taste}{number}", f"{taste}{met[-1]}", "purchase", number + 9))
    return event_frame(spark, *rows).persist()


@pytest.fixture(scope="session")
def segments(spark: SparkSession) -> DataFrame:
    """The tastes as segments: 0 "phone fans", 1 "runners"."""
    rows = [(f"{'ps'[i % 2]}{i}", i % 2, ("phone fans", "runners")[i % 2]) for i in range(SHOPPERS)]
    return spark.createDataFrame(rows, "user_id string, segment int, segment_name string")


@pytest.fixture(scope="session", params=["spark", "implicit"])
def model(request: pytest.FixtureRequest, shop: DataFrame, segments: DataFrame) -> Recommender:
    return fit_recommender(shop, segments, request.param, rank=2)[0]
