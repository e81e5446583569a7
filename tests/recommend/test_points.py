from datetime import UTC, datetime

from shoplab.recommend.gate import Verdict
from shoplab.recommend.job import TrainSummary
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.points import model_points


def test_a_models_point_stands_at_its_version_and_says_how_much_of_the_shop_it_recommends(model: Recommender) -> None:
    summary = TrainSummary(
        "20261123T101530250", model.factors.engine, 2, 40, 30, 320, 2, "learned blend", Verdict(True, "the first"), 1.5
    )
    [point] = model_points(model, summary)
    assert (point.measurement, point.tags) == ("model", {})
    assert point.time == datetime(2026, 11, 23, 10, 15, 30, 250_000, tzinfo=UTC)
    known = {"users": 40, "products": 30, "pairs": 320, "factors": 2, "segments": 2, "training_s": 1.5,
             "engine": model.factors.engine, "sample_users": 40}  # fmt: skip
    assert point.fields | known == point.fields
    assert 10 < int(point.fields["sample_products"]) <= 30
    assert point.fields["coverage"] == int(point.fields["sample_products"]) / 30
