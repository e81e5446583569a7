import datetime as dt

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplab.recommend.catalogue import Catalogue, Product
from shoplab.recommend.popularity import HALF_LIFE_DAYS, demand, fit_popularity

NOW = dt.datetime(2019, 10, 31)
CATALOGUE = Catalogue(tuple(Product(name, None, None, None, None) for name in ("new", "old", "rare")))


@pytest.fixture(scope="module")
def pairs(spark: SparkSession) -> DataFrame:
    old = NOW - dt.timedelta(days=2 * HALF_LIFE_DAYS)
    rows = [("a", "new", 100.0, NOW), ("a", "old", 100.0, old), ("b", "rare", 500.0, old), ("c", "new", 8.0, NOW)]
    return spark.createDataFrame(rows, "user_id string, product_id string, weight double, last_time timestamp")


def test_demand_halves_every_seven_days(spark: SparkSession, pairs: DataFrame) -> None:
    placed = spark.createDataFrame([("a", 0), ("b", 1)], "user_id string, segment int")
    got = {(row.segment, row.product_id): row.demand for row in demand(pairs, placed, NOW).collect()}
    assert got == pytest.approx({(0, "new"): 100, (0, "old"): 25, (1, "rare"): 125, (None, "new"): 8})


def test_segments_have_their_own_favourites(spark: SparkSession, pairs: DataFrame) -> None:
    placed = spark.createDataFrame([("a", 0), ("b", 1)], "user_id string, segment int")
    popularity = fit_popularity(demand(pairs, placed, NOW).toArrow(), CATALOGUE, {0: "first", 1: "second"})
    best = {segment: CATALOGUE.products[popularity.top[popularity.row(segment)][0]].product_id for segment in (0, 1)}
    assert best == {0: "new", 1: "rare"}
    assert popularity.scores.max(axis=1).tolist() == [1.0, 1.0, 1.0]
    assert popularity.scores.min() > 0  # what only others want still counts a little


def test_unknown_segment_gets_the_shop(pairs: DataFrame) -> None:
    popularity = fit_popularity(demand(pairs, None, NOW).toArrow(), CATALOGUE, {})
    assert popularity.row(None) == popularity.row(99) == 0
    assert popularity.top[0].tolist() == [2, 0, 1]
