"""The stream's users move the published centres, and where these go is told."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from shoplab.core.catalog import Catalog
from shoplab.metrics.point import Point
from shoplab.segments.confidence import Confidence
from shoplab.segments.drift import ReferenceBins
from shoplab.segments.features import Scaling
from shoplab.segments.kmeans import SegmentModel
from shoplab.segments.model import Segmentation
from shoplab.segments.on_driver import NEEDED, segment_rows
from shoplab.segments.rfm import RfmModel
from shoplab.streaming.learning.centres import FEWEST, MovingCentres
from tests.streaming.learning.shop import memory_catalog

NOW = dt.datetime(2019, 11, 1, tzinfo=dt.UTC)


@pytest.fixture
def catalog() -> Catalog:
    catalog = memory_catalog()
    catalog.storage.write("/data/models/segments/CURRENT", b"v1")
    return catalog


@pytest.fixture
def base() -> Segmentation:
    """By log1p of a month's events alone: few (1) and many (100)."""
    scaling = Scaling(("month_events",), (0.0,), (0.0,), (1.0,))
    centres = ((float(np.log1p(1)),), (float(np.log1p(100)),))
    model = SegmentModel(scaling, centres, ({}, {}), ("few", "many"), ("", ""), "x", 7, 200)
    return Segmentation(RfmModel("2019-11-30"), model, Confidence(((0.5,) * 4,) * 2), ReferenceBins({}, {}))


def users(*events: int, of: str = "u") -> pd.DataFrame:
    """USER rows of a month, one each."""
    rows = pd.DataFrame(dict.fromkeys(NEEDED, 0), index=range(len(events)))
    return rows.assign(
        user_id=[f"{of}{at}" for at in range(len(events))], month="2019-11", events=list(events), sessions=1,
        last_purchase=pd.NaT, longest_session=2, price_level=np.nan,
    ).assign(last_purchase=lambda table: pd.to_datetime(table["last_purchase"], utc=True))  # fmt: skip


def test_users_draw_their_centre_and_the_stream_may_place_by_it(catalog: Catalog, base: Segmentation) -> None:
    moving, said = MovingCentres(base, catalog, every=0), list[Point]()
    moving.take(users(*[4, 9] * 50), NOW, said.extend)
    was, now = (model.kmeans.matrix[:, 0] for model in (base, moving.served))
    assert now[0] == pytest.approx((np.log1p(1) + np.mean(np.log1p([4, 9]))) / 2)  # 100 users before, 100 now
    assert now[1] == was[1]
    assert {point.tags["segment"]: point.fields["drift"] > 0 for point in said} == {"few": True, "many": False}
    between = users(14)
    assert [segment_rows(model, between)["segment_name"][0].as_py() for model in (base, moving.served)] == [
        "many", "few",
    ]  # fmt: skip


def test_a_user_who_comes_often_counts_once(catalog: Catalog, base: Segmentation) -> None:
    moving = MovingCentres(base, catalog, every=0)
    for _ in range(10):
        moving.take(users(*[5] * (FEWEST - 1)), NOW, lambda _: None)
    assert moving.served is base
    moving.take(users(5, of="other"), NOW, lambda _: None)
    assert moving.centres.weights.tolist() == [150.0, 100.0]


def test_started_again_it_goes_on(catalog: Catalog, base: Segmentation) -> None:
    moving = MovingCentres(base, catalog, every=0)
    moving.take(users(*[5] * 60), NOW, lambda _: None)
    again = MovingCentres(base, catalog)
    np.testing.assert_array_equal(again.served.kmeans.matrix, moving.served.kmeans.matrix)
    catalog.storage.write("/data/models/segments/CURRENT", b"v2")
    assert MovingCentres(base, catalog).served is base


def test_centres_that_leave_their_users_behind_are_told_and_not_taken_up(
    catalog: Catalog, base: Segmentation, caplog: pytest.LogCaptureFixture
) -> None:
    moving, said = MovingCentres(base, catalog, every=0), list[Point]()
    for _ in range(5):
        moving.take(users(*[8, 9] * 400), NOW, said.extend)
    assert max(point.fields["drift"] for point in said) > 1
    assert "./lab segment --update" in caplog.text
    assert moving.served is base


def test_robots_move_nothing(catalog: Catalog, base: Segmentation) -> None:
    moving = MovingCentres(base, catalog, every=0)
    moving.take(users(*[5] * 60).assign(longest_session=5_000), NOW, lambda _: None)
    assert moving.centres.number == 0
