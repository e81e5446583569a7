import math

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession
from sklearn.metrics import adjusted_rand_score

from shoplab.errors import LabError
from shoplab.segments.history import user_history
from shoplab.segments.kmeans import LOG_FEATURES, Engine, SegmentModel, apply_segments, fit_segments
from tests.segments.user_rows import user_row, user_table

ENGINES: list[Engine] = ["spark", "scikit-learn"]


@pytest.fixture(scope="module")
def planted(spark: SparkSession) -> DataFrame:
    """Three kinds, 60 users each; the kind is the id's first letter."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(60):
        taste = {"price_level": rng.uniform(0.45, 0.55), "mean_session_s": rng.uniform(50, 70)}
        paid = {"carts": 4, "orders": 4, "revenue": rng.uniform(400, 600), "cart_rate": rng.uniform(0.6, 0.8)}
        rows.append(user_row(f"w{i}", sessions=1, events=2, **taste))
        rows.append(user_row(f"l{i}", sessions=6, events=30, **taste | paid))
        rows.append(user_row(f"r{i}", sessions=8, events=50, **taste | {"mean_session_s": rng.uniform(500, 700)}))
    return user_history(user_table(spark, rows)).persist()


@pytest.mark.parametrize("engine", ENGINES)
def test_finds_the_planted_kinds(planted: DataFrame, engine: Engine) -> None:
    model = fit_segments(planted, engine=engine)
    assert model.engine == engine
    assert model.k == 3 == max(model.silhouettes, key=lambda k: model.silhouettes[k])
    rows = apply_segments(model, planted).select("user_id", "segment", "segment_name", "distance").collect()
    assert adjusted_rand_score([row.user_id[0] for row in rows], [row.segment for row in rows]) == 1.0
    assert {row.user_id[0]: row.segment_name for row in rows} == {
        "l": "loyal", "r": "regular visitor who doesn't buy", "w": "window shopper",
    }  # fmt: skip
    assert all(math.isfinite(row.distance) and row.distance >= 0 for row in rows)


@pytest.mark.parametrize("engine", ENGINES)
def test_names_and_numbers_do_not_depend_on_the_seed(planted: DataFrame, engine: Engine) -> None:
    assert len({fit_segments(planted, k=3, engine=engine, seed=seed).names for seed in (1, 2)}) == 1


def test_engines_agree(planted: DataFrame) -> None:
    ours, theirs = (fit_segments(planted, k=3, engine=engine) for engine in ENGINES)
    np.testing.assert_allclose(ours.centres, theirs.centres, atol=1e-6)


def test_distance_and_segment_are_the_nearest_centre(planted: DataFrame) -> None:
    model = fit_segments(planted, k=4)
    assert SegmentModel.from_dict(model.to_dict()) == model
    rows = apply_segments(model, planted).toPandas()
    values = rows[list(model.features)].astype(float)
    values[list(LOG_FEATURES)] = np.log1p(values[list(LOG_FEATURES)])
    scaled = (values.to_numpy() - model.means) / model.scales
    distances = np.linalg.norm(scaled[:, None] - np.array(model.centres), axis=2)
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
def test_poor_data_gives_sensible_segments(spark: SparkSession, engine: Engine, rows: list[dict[str, object]]) -> None:
    history = user_history(user_table(spark, rows))
    for k in (None, 5):
        model = fit_segments(history, k, engine)
        got = apply_segments(model, history).collect()
        assert len(got) == len(rows)
        assert 1 <= model.k <= min(len(rows), 10)
        assert len(set(model.names)) == model.k
        assert all(math.isfinite(row.distance) for row in got)
        assert np.isfinite(model.centres).all()


def test_no_users_is_said(spark: SparkSession) -> None:
    with pytest.raises(LabError, match="no users"):
        fit_segments(user_history(user_table(spark, [])))
