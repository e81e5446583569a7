import math
from pathlib import Path

import numpy as np
import pytest
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from shoplab.core.errors import LabError
from shoplab.segments.history import user_history
from shoplab.segments.kmeans import EngineName, SegmentModel, apply_segments, fit_segments, update_segments
from shoplab.segments.spark_ml import as_pipeline
from tests.segments.user_rows import user_row, user_table

ENGINES: list[EngineName] = ["spark", "scikit-learn"]


@pytest.fixture(scope="module")
def planted(spark: SparkSession) -> DataFrame:
    """Three kinds, 60 users each; the kind is the id's first letter."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(60):
        taste = {"price_level": 0.5}
        paid = {"carts": 4, "orders": 4, "revenue": rng.uniform(400, 600), "cart_rate": rng.uniform(0.6, 0.8)}
        rows.append(user_row(f"w{i}", sessions=1, events=2, **taste))
        rows.append(user_row(f"l{i}", sessions=6, events=int(rng.integers(26, 34)), **taste | paid))
        rows.append(user_row(f"r{i}", sessions=8, events=int(rng.integers(150, 160)), **taste))
    return user_history(user_table(spark, rows)).persist()


@pytest.mark.parametrize("engine", ENGINES)
def test_finds_the_planted_kinds(planted: DataFrame, engine: EngineName) -> None:
    model = fit_segments(planted, engine=engine)
    assert model.engine == engine
    assert model.k == 3
    assert model.silhouettes[3] == max(model.silhouettes.values())
    rows = apply_segments(model, planted).select("user_id", "segment", "segment_name", "distance").collect()
    assert adjusted_rand_score([row.user_id[0] for row in rows], [row.segment for row in rows]) == 1.0
    assert {row.user_id[0]: row.segment_name for row in rows} == {
        "l": "loyal", "r": "regular visitor who doesn't buy", "w": "window shopper",
    }  # fmt: skip
    assert all(math.isfinite(row.distance) and row.distance >= 0 for row in rows)


@pytest.mark.parametrize("engine", ENGINES)
def test_names_and_numbers_do_not_depend_on_the_seed(planted: DataFrame, engine: EngineName) -> None:
    assert len({fit_segments(planted, k=3, engine=engine, seed=seed).names for seed in (1, 2)}) == 1


def test_engines_agree(planted: DataFrame) -> None:
    ours, theirs = (fit_segments(planted, k=3, engine=engine) for engine in ENGINES)
    np.testing.assert_allclose(ours.centres, theirs.centres, atol=1e-6)


def test_distance_and_segment_are_the_nearest_centre(planted: DataFrame) -> None:
    model = fit_segments(planted, k=4)
    assert SegmentModel.from_dict(model.to_dict()) == model
    rows = apply_segments(model, planted).toPandas()
    scaled = planted.select(*model.scaling.columns()).toPandas().to_numpy()
    distances = np.linalg.norm(scaled[:, None] - model.matrix, axis=2)
    assert rows["segment"].tolist() == distances.argmin(axis=1).tolist()
    np.testing.assert_allclose(rows["distance"], distances.min(axis=1))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([user_row("1")], id="one user"),
        pytest.param([user_row(str(i)) for i in range(30)], id="all alike"),
        pytest.param([user_row("1"), user_row("2", sessions=9, events=50)], id="fewer users than k"),
        pytest.param([user_row(str(i), sessions=i, price_level=None) for i in range(1, 20)], id="no prices"),
    ],
)
def test_poor_data_gives_sensible_segments(
    spark: SparkSession, engine: EngineName, rows: list[dict[str, object]]
) -> None:
    history = user_history(user_table(spark, rows))
    for k in (None, 5):
        model = fit_segments(history, k, engine)
        got = apply_segments(model, history).collect()
        assert len(got) == len(rows)
        assert 1 <= model.k <= min(len(rows), 10)
        assert len(set(model.names)) == model.k
        assert all(math.isfinite(row.distance) for row in got)
        assert np.isfinite(model.centres).all()


@pytest.fixture(scope="module")
def crowd(spark: SparkSession) -> DataFrame:
    """500 users without clear kinds: many local optima."""
    rng = np.random.default_rng(8)
    rows = [
        user_row(str(i), sessions=int(n), events=int(n * rng.integers(1, 9)), orders=int(rng.binomial(n, 0.2)),
                 cart_rate=float(rng.beta(1, 3)), abandon_rate=float(rng.uniform()), price_level=float(rng.uniform()))
        for i, n in enumerate(rng.geometric(0.3, 500))
    ]  # fmt: skip
    return user_history(user_table(spark, rows)).persist()


@pytest.mark.parametrize("engine", ENGINES)
def test_inertia_is_that_of_ten_starts(crowd: DataFrame, engine: EngineName) -> None:
    model = fit_segments(crowd, k=7, engine=engine)
    ours = sum(row.distance**2 for row in apply_segments(model, crowd).select("distance").collect())
    best = KMeans(7, n_init=10, random_state=1).fit(crowd.select(*model.scaling.columns()).toPandas().to_numpy())
    assert ours <= 1.01 * best.inertia_


@pytest.mark.parametrize("engine", ENGINES)
def test_an_update_moves_centres_and_keeps_what_they_are(planted: DataFrame, engine: EngineName) -> None:
    model = fit_segments(planted, engine=engine)
    later = planted.withColumn("month_events", F.expr("month_events * 1.3")).where("user_id != 'w1'")

    moved = update_segments(model, later, engine)

    assert (moved.names, moved.scaling, moved.users) == (model.names, model.scaling, 179)
    for i, name in enumerate(model.names):
        theirs = later.where(F.col("user_id").startswith({"loyal": "l", "window shopper": "w"}.get(name, "r")))
        expected = theirs.select(*model.scaling.columns()).toPandas().mean().to_numpy()
        np.testing.assert_allclose(moved.centres[i], expected, atol=1e-6)


def test_a_segment_that_nobody_is_in_any_more_stays_where_it_was(planted: DataFrame) -> None:
    model = fit_segments(planted)
    moved = update_segments(model, planted.where("user_id not like 'l%'"))
    place = model.names.index("loyal")
    assert moved.centres[place] == pytest.approx(model.centres[place])


def test_spark_ml_loads_the_model_and_places_alike(planted: DataFrame, spark: SparkSession, tmp_path: Path) -> None:
    model = fit_segments(planted)
    as_pipeline(model, spark).save((tmp_path / "model").as_uri())
    theirs = PipelineModel.load((tmp_path / "model").as_uri()).transform(planted)
    ours = apply_segments(model, planted).select("user_id", "segment")
    assert sorted(theirs.select("user_id", "segment").collect()) == sorted(ours.collect())


def test_no_users_is_said(spark: SparkSession) -> None:
    with pytest.raises(LabError, match="no users"):
        fit_segments(user_history(user_table(spark, [])))
