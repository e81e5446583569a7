"""November on October's segments."""

from dataclasses import replace

import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog
from shoplab.segments.job import SegmentRequest, segment
from shoplab.segments.model import load_model
from tests.shop import Shop


def test_segments_stay_what_they_are(shop: Shop) -> None:
    october, november = shop.october.summary, shop.november.summary
    assert [row.name for row in november.segments] == [row.name for row in october.segments]
    moved = load_model(shop.catalog).kmeans
    assert [dict(zip(moved.scaling.features, centre, strict=True)) for centre in moved.centres] == [
        row.scaled for row in november.segments
    ]
    for before, now in zip(october.segments, november.segments, strict=True):
        assert max(abs(now.scaled[name] - before.scaled[name]) for name in now.scaled) < 1


def test_who_moved_is_counted(shop: Shop) -> None:
    update = shop.november.summary.update
    assert update is not None
    before, now = shop.october.table["segment_name"], shop.november.table["segment_name"]
    seen = shop.november.events["user_id"].unique()
    shared = before.index.intersection(seen)
    assert (update["from_as_of"], update["shared_users"]) == (shop.october.summary.as_of, len(shared))
    assert update["newcomers"] == len(now.index.difference(before.index))
    names = update["migration"]["names"]
    expected = pd.crosstab(before[shared], now[shared]).reindex(index=names, columns=names, fill_value=0)
    assert update["migration"]["users"] == expected.to_numpy().tolist()
    assert update["ari"] == pytest.approx(adjusted_rand_score(before[shared], now[shared]))


def test_sizes_silhouettes_and_stability_are_told(shop: Shop) -> None:
    update = shop.november.summary.update
    assert update is not None
    shares = [{row.name: row.share for row in month.summary.segments} for month in (shop.october, shop.november)]
    assert update["size_change"] == pytest.approx({name: shares[1][name] / shares[0][name] - 1 for name in shares[0]})
    assert set(update["psi"]) == {*shop.october.summary.features, "segments"}
    assert all(value >= 0 for value in update["psi"].values())
    assert all(0 < value < 1 for value in update["silhouette"].values())
    assert update["drift"] == (update["advice"] is not None)


def test_an_update_needs_something_to_go_on_from(shop: Shop) -> None:
    empty = SparkCatalog(replace(shop.catalog.settings, data_root="/segments-empty"), shop.catalog.spark)
    with pytest.raises(LabError, match=r"\./lab segment"):
        segment(empty, SegmentRequest(update=True))
