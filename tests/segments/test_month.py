"""A whole month by the job: what was planted is found, and RFM is what pandas says."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from shoplab.core.catalog import Catalog
from shoplab.core.schemas import SEGMENT
from shoplab.segments.job import SegmentRequest, segment
from shoplab.segments.rfm import NON_BUYER
from tests.segments.rfm_scores import add_scores
from tests.shop import Month, Shop

NAMES = {
    "impulsive buyer", "deliberate buyer", "cart abandoner", "price-sensitive", "regular visitor who doesn't buy",
    "window shopper",
}  # fmt: skip


def rfm_by_pandas(events: pd.DataFrame, as_of: str) -> pd.DataFrame:
    """Grain: one user. Independent of the lab's steps."""
    events = events.drop_duplicates()
    paid = events[events["event_type"] == "purchase"]
    table = pd.DataFrame(index=sorted(events["user_id"].unique()))
    last = paid.groupby("user_id")["event_time"].max().dt.tz_localize(None).dt.normalize()
    table["recency_days"] = (pd.Timestamp(as_of) - last).dt.days
    table["frequency"] = paid.groupby("user_id")["user_session"].nunique()
    table["monetary"] = paid.groupby("user_id")["price"].sum()
    return add_scores(table)


def assert_same_rfm(got: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert got.index.tolist() == expected.index.tolist()
    for name in ("recency_days", "frequency", "monetary", "r", "f", "m"):
        np.testing.assert_allclose(got[name].astype(float), expected[name].astype(float), atol=1e-6, err_msg=name)
    assert got["rfm_class"].tolist() == expected["rfm_class"].tolist()


@contextmanager
def as_before(catalog: Catalog) -> Iterator[None]:
    """Points back to the versions published before, for the other tests of the shop."""
    pointers = [catalog.path(name, "CURRENT") for name in ("segments", "models/segments")]
    versions = [catalog.storage.read(pointer) for pointer in pointers]
    try:
        yield
    finally:
        for pointer, version in zip(pointers, versions, strict=True):
            catalog.storage.write(pointer, version)


def test_planted_profiles_are_found_and_named(shop: Shop) -> None:
    month = shop.october
    assert {row.name for row in month.summary.segments} == NAMES
    planted = month.profiles.reindex(month.table.index)
    assert adjusted_rand_score(planted, month.table["segment"]) >= 0.8
    sessions = month.events.groupby("user_id")["user_session"].nunique().reindex(month.table.index)
    often = (sessions >= 5).to_numpy()
    assert adjusted_rand_score(planted[often], month.table["segment"][often]) >= 0.8
    found = pd.crosstab(planted, month.table["segment_name"], normalize="index")
    assert found.loc["impulsive_buyer", "impulsive buyer"] > 0.8
    assert found.loc["cart_abandoner", "cart abandoner"] > 0.8
    assert found.loc["price_sensitive", "price-sensitive"] > 0.8
    assert found.loc["regular_visitor", "regular visitor who doesn't buy"] > 0.8


def test_k_is_the_finest_of_the_good_silhouettes(shop: Shop) -> None:
    curve = shop.october.summary.silhouettes
    assert set(curve) == set(range(3, 11))
    good = [k for k in curve if curve[k] >= max(curve.values()) - 0.05]
    assert shop.october.summary.k == max(good)


def test_rfm_is_what_pandas_says(shop: Shop) -> None:
    assert_same_rfm(shop.october.table, rfm_by_pandas(shop.october.events, shop.october.summary.as_of))


def test_october_and_its_update_by_november_have_the_rfm_of_both_at_once(shop: Shop) -> None:
    both = pd.concat([shop.october.events, shop.november.events])
    assert_same_rfm(shop.november.table, rfm_by_pandas(both, shop.november.summary.as_of))


def test_a_window_may_cut_a_month(shop: Shop) -> None:
    request = SegmentRequest(since=dt.date(2019, 10, 8), as_of=dt.date(2019, 10, 20), k=3)
    with as_before(shop.catalog):
        summary = segment(shop.catalog, request)
        version = shop.catalog.current("segments").rsplit("/", 1)[1]
        table = shop.catalog.table("segments", version).set_index("user_id").sort_index()
    days = shop.october.events["event_time"].dt.strftime("%Y-%m-%d")
    assert summary.as_of == "2019-10-20"
    assert_same_rfm(table, rfm_by_pandas(shop.october.events[days.between("2019-10-08", "2019-10-20")], "2019-10-20"))


@pytest.mark.parametrize("name", ["october", "november"])
def test_the_table_has_no_gaps(shop: Shop, name: str) -> None:
    month: Month = getattr(shop, name)
    assert [*month.table.columns] == [column for column in SEGMENT.names if column != "user_id"]
    required = [column.name for column in SEGMENT.columns if not column.nullable and column.name != "user_id"]
    assert not month.table[required].isna().any().any()
    assert month.table["confidence"].between(0, 1).all()
    assert not month.table["robot"].any()


def test_the_manifest_says_what_the_summary_says(shop: Shop) -> None:
    october, summary = shop.october.manifest, shop.october.summary.to_dict()
    assert {name: october[name] for name in summary if name != "version"} == {
        name: value for name, value in summary.items() if name != "version"
    }
    assert sum(row.users for row in shop.october.summary.segments) == len(shop.october.table)
    cells = shop.october.summary.rfm_grid
    assert sum(cell["users"] for cell in cells) == (shop.october.table["rfm_class"] != NON_BUYER).sum()


def test_value_is_told_by_segment(shop: Shop) -> None:
    value = shop.october.summary.value
    assert value is not None
    buyers = (shop.october.table["rfm_class"] != NON_BUYER).sum()
    assert sum(row["buyers"] for row in value["segments"]) == buyers
    assert all(0 <= row["p_alive"] <= 1 and row["clv"] >= 0 for row in value["segments"])
