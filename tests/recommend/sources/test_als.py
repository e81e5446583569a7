import numpy as np
import pytest
from pyspark.ml.recommendation import ALSModel
from pyspark.sql import DataFrame, SparkSession
from scipy.sparse import csr_matrix

from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.interactions import interactions
from shoplab.recommend.model.als_files import load_factors, save_factors
from shoplab.recommend.sources.als import Factors, fold_in
from shoplab.recommend.sources.als_spark import Engine, fit_als
from tests.recommend.local_storage import LocalStorage


@pytest.fixture(scope="module", params=["spark", "implicit"])
def factors(request: pytest.FixtureRequest, shop: DataFrame) -> Factors:
    engine: Engine = request.param
    return fit_als(interactions(shop, CURRENT), engine, rank=2)


def test_one_row_per_id(factors: Factors) -> None:
    assert factors.user_ids == sorted(factors.user_ids)
    assert factors.item_ids == sorted(factors.item_ids)
    assert factors.user_factors.shape == (40, 2)
    assert factors.item_factors.shape == (30, 2)
    assert factors.user_factors.dtype == factors.item_factors.dtype == np.float32


def test_finds_the_planted_tastes(factors: Factors) -> None:
    scores = factors.user_factors @ factors.item_factors.T
    same = np.array([[user[0] == item[0] for item in factors.item_ids] for user in factors.user_ids])
    assert scores[same].min() > scores[~same].max()


def test_folding_a_newcomer_in_finds_their_taste(factors: Factors) -> None:
    met = [factors.item_ids.index("s3"), factors.item_ids.index("s4")]
    scores = (fold_in(factors, csr_matrix(([1.0, 3.0], ([0, 0], met)), shape=(1, 30))) @ factors.item_factors.T)[0]
    shoes = np.array([item.startswith("s") for item in factors.item_ids])
    assert scores[shoes].min() > scores[~shoes].max()


def test_heavier_feedback_wins(factors: Factors) -> None:
    both = [factors.item_ids.index("p3"), factors.item_ids.index("s3")]
    weights = csr_matrix(([1.0, 20.0, 20.0, 1.0], ([0, 0, 1, 1], both * 2)), shape=(2, 30))
    scores = fold_in(factors, weights) @ factors.item_factors.T
    assert scores[0, both[1]] > scores[0, both[0]]
    assert scores[1, both[0]] > scores[1, both[1]]


def test_folding_a_known_user_in_gives_back_their_vector(factors: Factors, shop: DataFrame) -> None:
    rows = interactions(shop, CURRENT).where("user_id = 's7'").collect()
    items = [factors.item_ids.index(row.product_id) for row in rows]
    weights = csr_matrix(([row.weight for row in rows], ([0] * len(rows), items)), shape=(1, 30))
    trained = factors.user_factors[factors.user_ids.index("s7")] @ factors.item_factors.T
    np.testing.assert_allclose((fold_in(factors, weights) @ factors.item_factors.T)[0], trained, atol=0.05)


def test_engine_follows_the_number_of_pairs(shop: DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = interactions(shop, CURRENT)
    assert fit_als(pairs, rank=2).engine == "implicit"
    monkeypatch.setattr("shoplab.recommend.sources.als_spark.SINGLE_MACHINE_PAIRS", 10)
    assert fit_als(pairs, rank=2).engine == "spark"


def test_spark_reads_what_was_saved(
    spark: SparkSession, factors: Factors, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path, storage = str(tmp_path_factory.mktemp("als")), LocalStorage()
    save_factors(storage, path, factors.user_factors, factors.item_factors)
    users, items = load_factors(storage, path)
    np.testing.assert_array_equal(users, factors.user_factors)
    np.testing.assert_array_equal(items, factors.item_factors)

    model = ALSModel.load(f"file://{path}")

    assert model.rank == 2
    wanted = spark.createDataFrame([(5, 3), (17, 29)], "user int, item int")
    got = {(row.user, row.item): row.prediction for row in model.transform(wanted).collect()}
    assert got == pytest.approx({(u, i): float(users[u] @ items[i]) for u, i in got}, abs=1e-5)
