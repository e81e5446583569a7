"""What is planted: October's numbers, users who return, drift in November, profiles and tastes to be found again."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

from shoplab.events.generator import generate
from shoplab.events.generator.assortment import COMPLEMENTS
from shoplab.events.generator.calibration import Measure, measure, read_events
from shoplab.events.generator.profiles import NAMES, PROFILES

# Allowed distance from the target, as a share of it; 0.08 where not named.
TOLERANCE = {
    "events per session, median": 0.0,
    "events per session, p75": 0.2,
    "session minutes, median": 0.2,
    "highest price": 0.0,
    "most viewed product, share (2 h slice)": 0.3,
}


class Made:
    """A generated month: its events and each user's planted profile."""

    def __init__(self, folder: Path, month: str, events: int) -> None:
        path, truth = folder / f"{month}.csv", folder / f"{month}-truth.csv"
        generate(path, month, events, truth=truth)
        self.events = read_events(path)
        self.profile = pd.read_csv(truth).set_index("user_id")["profile"]


@pytest.fixture(scope="module")
def october(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("october"), "2019-10", 300_000)


@pytest.fixture(scope="module")
def november(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("november"), "2019-11", 75_000)


@pytest.fixture(scope="module")
def numbers(october: Made) -> dict[str, Measure]:
    return {found.name: found for found in measure(october.events)}


def test_october_has_the_real_months_numbers(numbers: dict[str, Measure]) -> None:
    off = [
        found
        for found in numbers.values()
        if abs(found.measured / found.target - 1) > TOLERANCE.get(found.name, 0.08) + 1e-9
    ]
    assert off == []


def test_events_of_all_blocks_of_users_are_merged_in_order(october: Made) -> None:
    assert october.events["at"].is_monotonic_increasing
    assert october.events.groupby("user_session")["user_id"].nunique().max() == 1


def test_products_are_heavy_tailed(october: Made) -> None:
    views = october.events["product_id"].value_counts(normalize=True)
    assert views.iloc[: len(views) // 100].sum() > 0.25
    assert (views * len(october.events) < 1.5).mean() > 0.3


@pytest.mark.parametrize("share", [1.0, 0.25])
def test_november_brings_back_octobers_users(october: Made, november: Made, share: float) -> None:
    """Also when November is the smaller run: both fill the same slots, in the same order."""
    users = november.profile.index[: int(len(november.profile) * share)]
    assert 0.42 < users.isin(october.profile.index).mean() < 0.52
    assert november.events["user_id"].isin(october.profile.index).mean() > 0.5


def test_most_returning_users_keep_their_profile_and_some_change(october: Made, november: Made) -> None:
    both = pd.concat([october.profile, november.profile], axis=1, join="inner")
    changed = (both.iloc[:, 0] != both.iloc[:, 1]).mean()
    assert 0.02 < changed < 0.12


def test_returning_users_come_back_to_products_they_know(october: Made, november: Made) -> None:
    seen = october.events.drop_duplicates(["user_id", "product_id"])
    pairs = november.events.drop_duplicates(["user_id", "product_id"])
    pairs = pairs[pairs["user_id"].isin(october.profile.index)]
    shuffled = pairs.assign(user_id=np.random.default_rng(0).permutation(pairs["user_id"]))

    def known(some: pd.DataFrame) -> float:
        return len(some.merge(seen[["user_id", "product_id"]])) / len(some)

    assert known(pairs) > 0.08
    assert known(pairs) > 10 * known(shuffled)


def test_november_has_sales(october: Made, november: Made) -> None:
    day = november.events["at"] // 86_400 - november.events["at"].min() // 86_400 + 1
    sale, buys = day.isin([15, 16, 17, 29]), november.events["event_type"] == "purchase"
    assert sale.sum() / 4 > 1.5 * (~sale).sum() / 26
    assert buys[sale].mean() > 1.2 * buys[~sale].mean()
    price = november.events.groupby(["product_id", sale])["price"].first().unstack().dropna()
    assert 0.2 < (price[True] < price[False] * 0.95).mean() < 0.4
    assert 1.0 < buys.mean() / (october.events["event_type"] == "purchase").mean() < 1.5


def test_shares_of_profiles_are_the_planted_ones(october: Made) -> None:
    share = october.profile.value_counts(normalize=True)
    for name in NAMES:
        assert share[name] == pytest.approx(PROFILES[name].share, abs=0.012)


def test_kmeans_finds_the_profiles_again(october: Made) -> None:
    users = _user_features(october.events)
    truth = october.profile[users.index]
    assert truth.nunique() == 6  # one-off buyers do not come five times
    found = KMeans(6, n_init=10, random_state=0).fit_predict(StandardScaler().fit_transform(users))
    assert adjusted_rand_score(truth, found) >= 0.8


def _user_features(events: pd.DataFrame) -> pd.DataFrame:
    """Six features of the users with five sessions or more."""
    events = events.assign(
        level=events.groupby("category_id")["price"].rank(pct=True),
        carts=events["event_type"] == "cart",
        buys=events["event_type"] == "purchase",
    )
    grouped = events.groupby(["user_id", "user_session"])
    sessions = grouped[["carts", "buys"]].any()
    sessions["abandoned"] = sessions["carts"] & ~sessions["buys"]
    sessions["length"] = grouped.size()
    sessions["seconds"] = grouped["at"].max() - grouped["at"].min()
    users = sessions.groupby("user_id").mean()
    users["abandoned"] = (users["abandoned"] / users["carts"].where(users["carts"] > 0)).fillna(0)
    users[["length", "seconds"]] = np.log1p(users[["length", "seconds"]])
    users["level"] = events.groupby("user_id")["level"].mean()
    return users[sessions.groupby("user_id").size() >= 5]


def test_complementary_categories_are_seen_together(october: Made) -> None:
    whole, part = "computers.notebook", "computers.peripherals.mouse"
    assert part in COMPLEMENTS[whole]
    seen = october.events[["user_session", "category_code"]].drop_duplicates()
    several = seen[seen.duplicated("user_session", keep=False)].set_index("user_session")["category_code"]
    with_whole, with_part = several.index[several == whole], several.index[several == part]
    others = several.index.unique().difference(with_whole)
    assert with_whole.isin(with_part).mean() > 0.1 > 3 * others.isin(with_part).mean()


def test_loyal_customers_stay_with_a_category_and_a_brand(october: Made) -> None:
    named = october.events.dropna(subset=["brand"])
    profile = named["user_id"].map(october.profile)

    def top_share(name: str, column: str) -> float:
        counts = named[profile == name].groupby("user_id")[column].value_counts(normalize=True)
        return float(counts.groupby("user_id").max().mean())

    assert top_share("loyal_customer", "category_id") > 0.9
    assert top_share("loyal_customer", "brand") > top_share("regular_visitor", "brand") + 0.15
