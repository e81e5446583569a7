"""Session and user figures on generated data equal those that DuckDB computes from the same CSV."""

from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplab.behaviour.activity import funnel
from shoplab.behaviour.bought import bought
from shoplab.behaviour.funnels import funnel_by
from shoplab.behaviour.habits import visits
from shoplab.behaviour.products import products
from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.touches import touches, with_look
from shoplab.behaviour.users import users
from shoplab.events import clean
from shoplab.events.generator import generate
from tests.behaviour import duck
from tests.behaviour.duck import Duck
from tests.data import good_events


@pytest.fixture(scope="module")
def october(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("october") / "2019-10.csv"
    generate(path, "2019-10", 60_000, seed=5)
    return path


@pytest.fixture(scope="module")
def events(spark: SparkSession, october: Path) -> DataFrame:
    return good_events(spark, october)


@pytest.fixture(scope="module")
def made(events: DataFrame) -> dict[str, DataFrame]:
    by_product = products(events).cache()
    touched = with_look(touches(events), by_product).cache()
    by_session = sessions(touched).cache()
    return {
        "sessions": by_session,
        "touches": touched,
        "bought": bought(events, by_session, by_product).cache(),
    }


@pytest.fixture(scope="module")
def ducks(october: Path) -> Duck:
    return Duck(october)


def assert_same(ours: pd.DataFrame, theirs: pd.DataFrame, key: list[str]) -> None:
    """Row by row, by their key; numbers to 1e-9 of their size."""
    columns = list(theirs.columns)
    left, right = (table[columns].sort_values(key).reset_index(drop=True) for table in (ours, theirs))
    for name in columns:
        if right[name].dtype.kind == "M":
            left[name], right[name] = (column.astype("datetime64[us]") for column in (left[name], right[name]))
    pd.testing.assert_frame_equal(left, right, check_dtype=False, rtol=1e-9, atol=1e-9)


def test_every_session(made: dict[str, DataFrame], ducks: Duck) -> None:
    theirs = ducks.table(duck.SESSIONS)
    assert len(theirs) > 10_000
    assert_same(made["sessions"].toPandas(), theirs, ["user_id", "user_session"])


def test_every_user(made: dict[str, DataFrame], ducks: Duck) -> None:
    figures = users(made["touches"], made["sessions"])
    [gaps] = [part for part in visits(made["sessions"]) if "median_gap_h" in part.columns]
    together = figures.join(gaps.select("user_id", "median_gap_h"), on="user_id", how="left")
    theirs = ducks.table(duck.USERS)
    assert theirs["orders"].sum() > 500
    assert_same(together.toPandas(), theirs, ["user_id"])


def test_sessions_by_the_gap_where_the_log_has_none(events: DataFrame, ducks: Duck) -> None:
    filled = clean.fill_sessions(events.drop("user_session"))
    assert_same(sessions(touches(filled)).toPandas(), ducks.table(duck.BY_GAP), ["user_id", "session_start"])


def test_the_funnel_in_any_and_in_strict_order(made: dict[str, DataFrame], ducks: Duck) -> None:
    [row] = funnel(made["sessions"], made["bought"]).collect()
    any_order = "SELECT count(*) FROM sessions WHERE views > 0 AND carts > 0 AND purchases > 0"
    strict = ducks.value(f"SELECT count(*) FROM ({duck.STRICT})")
    assert (row["any_order"], row["strict_order"]) == (ducks.value(any_order), strict)
    assert strict > 100


def test_the_funnel_by_hour(made: dict[str, DataFrame], ducks: Duck) -> None:
    table = funnel_by(made["touches"], made["bought"], ())
    hours = table.where("dimension = 'hour'").sort("position").toPandas()
    assert_same(hours, ducks.table(duck.BY_HOUR), ["value"])
    assert hours["value"].tolist() == [f"{hour:02}" for hour in range(24)]


def test_time_to_purchase(made: dict[str, DataFrame], ducks: Duck) -> None:
    theirs = ducks.table(
        "SELECT user_id, user_session, product_id, epoch(min(p.event_time) - first_view)::BIGINT AS wait_s"
        " FROM events p JOIN (SELECT user_id, user_session, product_id, min(event_time) AS first_view FROM events"
        " WHERE event_type = 'view' GROUP BY ALL) USING (user_id, user_session, product_id)"
        " WHERE event_type = 'purchase' AND p.event_time >= first_view"
        " GROUP BY user_id, user_session, product_id, first_view"
    )
    ours = made["bought"].where("wait_s is not null").toPandas()
    assert_same(ours, theirs, ["user_id", "user_session", "product_id"])
