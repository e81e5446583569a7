import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplab.recommend.data.arrays import UNKNOWN
from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.log import Log
from shoplab.recommend.data.products import Product, Products
from shoplab.recommend.data.read_log import MOST_OF_A_VISIT, newest_visits, read_log
from tests.data import event, event_frame
from tests.recommend.planted_shop import SHOPPERS

OCTOBER = 1_569_888_000  # 2019-10-01, unix seconds


def products(*ids: str) -> Products:
    return Products(tuple(Product(name, "c1", None, None, None) for name in sorted(ids)))


def visits(log: Log) -> list[tuple[str | None, str, list[tuple[str, str]]]]:
    """Per visit: user, name, (product, kind) of its events."""
    ids = log.products.ids
    found = []
    for visit in range(len(log)):
        span = slice(log.starts[visit], log.starts[visit + 1])
        events = [(ids[item], CURRENT.types[kind]) for item, kind in zip(log.items[span], log.kinds[span], strict=True)]
        found.append((log.user_ids[log.users[visit]], log.visit_ids[visit], events))
    return found


@pytest.fixture(scope="module")
def hourly(spark: SparkSession) -> DataFrame:
    """Visit h ends at h o'clock with three events, h from 0 to 9; one of them began the day before."""
    rows = [
        event(f"10-02 {hour:02}:{minute:02}:00", session=f"s{hour}", user=f"u{hour}")
        for hour in range(10)
        for minute in (0, 10)
    ]
    rows += [event(f"10-01 {hour:02}:00:00", session=f"s{hour}", user=f"u{hour}") for hour in range(10)]
    return event_frame(spark, *rows).persist()


@pytest.mark.parametrize(("most", "first"), [(100, 0), (30, 0), (29, 1), (9, 7), (8, 8), (3, 9), (2, 10)])
def test_the_visits_that_ended_last_are_kept_whole(hourly: DataFrame, most: int, first: int) -> None:
    rows = newest_visits(hourly, CURRENT, most).toPandas()
    assert rows["user_session"].value_counts().to_dict() == {f"s{hour}": 3 for hour in range(first, 10)}


def test_an_hour_with_more_than_fits_gives_some_of_its_visits(spark: SparkSession) -> None:
    rows = [event("10-02 12:00:00", session=f"s{n}", product=p) for n in range(200) for p in ("a", "b")]
    kept = newest_visits(event_frame(spark, *rows), CURRENT, 200).toPandas()
    assert 150 <= len(kept) <= 200
    assert set(kept["user_session"].value_counts()) == {2}


def test_columns_kinds_and_times(spark: SparkSession) -> None:
    kinds = ("view", "cart", "purchase", "remove_from_cart", "refund")
    rows = newest_visits(event_frame(spark, *[event("10-01 00:00:05", kind) for kind in kinds]), CURRENT)
    assert rows.dtypes == [
        ("user_id", "string"), ("user_session", "string"), ("product_id", "string"), ("kind", "tinyint"),
        ("time", "double"),
    ]  # fmt: skip
    found = [(CURRENT.types[row["kind"]], row["time"]) for row in rows.sort("kind").collect()]
    assert found == [(kind, OCTOBER + 5.0) for kind in ("view", "cart", "purchase")]


def test_of_a_robots_visit_the_end_is_kept(spark: SparkSession) -> None:
    rows = [event(f"10-01 {n // 60:02}:{n % 60:02}:00", product=f"p{n}", session="long") for n in range(300)]
    frame = event_frame(spark, *rows, event("10-01 04:59:30", product="x", session="short"))
    kept = newest_visits(frame, CURRENT, MOST_OF_A_VISIT + 1).toPandas()  # counted as what is kept, both fit
    assert set(kept["product_id"]) == {"x"} | {f"p{n}" for n in range(300 - MOST_OF_A_VISIT, 300)}


def test_without_a_session_a_users_day_is_a_visit(spark: SparkSession) -> None:
    rows = [event(f"10-0{day} {hour}:00:00", user=user) for user in "ab" for day in (1, 2) for hour in (10, 20)]
    frame = event_frame(spark, *rows)
    for nothing in ("cast(null as string)", "''"):
        log = read_log(frame.selectExpr("* except (user_session)", f"{nothing} as user_session"), products("p1"))
        assert sorted(log.visit_ids) == ["a 2019-10-01", "a 2019-10-02", "b 2019-10-01", "b 2019-10-02"]


def test_the_log_of_the_planted_shop(shop: DataFrame) -> None:
    ids = [row["product_id"] for row in shop.select("product_id").distinct().collect()]
    log = read_log(shop, products(*ids))
    assert (len(log), len(log.items)) == (SHOPPERS, 9 * SHOPPERS)
    assert sorted(log.visit_ids) == sorted(f"session-{user}" for user in log.user_ids)
    assert np.all(np.diff(log.ends) >= 0)
    for user, name, events in visits(log):
        assert name == f"session-{user}"
        assert {product[0] for product, _ in events} == {str(user)[0]}
        assert [kind for _, kind in events] == ["view"] * 8 + ["purchase"]
        assert events[-1][0] == events[-2][0]


def test_events_of_one_second_come_as_they_happen_in_any_order_of_rows(spark: SparkSession) -> None:
    rows = [
        event("10-01 10:00:00", kind, product, session=session, user=session)
        for session in ("s1", "s2")
        for kind in ("view", "cart", "purchase")
        for product in ("a", "b")
    ]
    expected = [(p, kind) for kind in ("view", "cart", "purchase") for p in "ab"]
    for order in (rows, rows[::-1], rows[1::2] + rows[::2]):
        log = read_log(event_frame(spark, *order), products("a", "b"))
        assert visits(log) == [("s1", "s1", expected), ("s2", "s2", expected)]


def test_two_users_of_one_session_id_have_a_visit_each(spark: SparkSession) -> None:
    rows = [event("10-01 10:00:00", user="a"), event("10-01 11:00:00", user="b"), event("10-01 12:00:00", user="b",
            session="s2")]  # fmt: skip
    log = read_log(event_frame(spark, *rows), products("p1"))
    assert [(user, name) for user, name, _ in visits(log)] == [("a", "s1 of a"), ("b", "s1 of b"), ("b", "s2")]


def test_products_that_are_not_known_and_no_events_at_all(spark: SparkSession) -> None:
    frame = event_frame(spark, event("10-01 10:00:00", product="new"), event("10-01 10:01:00"))
    assert read_log(frame, products("p1")).items.tolist() == [UNKNOWN, 0]
    none = read_log(frame.where("event_type = 'refund'"), products("p1"))
    assert (len(none), none.now, none.items.tolist()) == (0, 0.0, [])
