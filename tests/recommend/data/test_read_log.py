import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplab.recommend.catalogue import Catalogue, Product
from shoplab.recommend.events_log import MOST_OF_A_VISIT, durable_items, newest_visits, read_log, repurchases
from shoplab.recommend.log import UNKNOWN, Log
from tests.data import event, event_frame
from tests.recommend.planted_shop import SHOPPERS

OCTOBER = 1_569_888_000  # 2019-10-01, unix seconds


def catalogue(*ids: str) -> Catalogue:
    return Catalogue(tuple(Product(name, "c1", None, None, None) for name in sorted(ids)))


def told(log: Log) -> list[tuple[str | None, str, list[tuple[str, int]]]]:
    """Per visit: user, name, (product, kind) of its events."""
    ids = [product.product_id for product in log.catalogue.products]
    found = []
    for visit in range(len(log)):
        span = slice(log.starts[visit], log.starts[visit + 1])
        events = [(ids[item], int(kind)) for item, kind in zip(log.items[span], log.kinds[span], strict=True)]
        found.append((log.user_ids[log.users[visit]], log.names[visit], events))
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
    rows = newest_visits(hourly, most).toPandas()
    assert rows["user_session"].value_counts().to_dict() == {f"s{hour}": 3 for hour in range(first, 10)}


def test_an_hour_with_more_than_fits_gives_some_of_its_visits(spark: SparkSession) -> None:
    rows = [event("10-02 12:00:00", session=f"s{n}", product=p) for n in range(200) for p in ("a", "b")]
    kept = newest_visits(event_frame(spark, *rows), 200).toPandas()
    assert 150 <= len(kept) <= 200
    assert set(kept["user_session"].value_counts()) == {2}


def test_columns_kinds_and_times(spark: SparkSession) -> None:
    kinds = ("view", "cart", "purchase", "remove_from_cart", "refund")
    rows = newest_visits(event_frame(spark, *[event("10-01 00:00:05", kind) for kind in kinds]))
    assert rows.dtypes == [
        ("user_id", "string"), ("user_session", "string"), ("product_id", "string"), ("kind", "tinyint"),
        ("time", "double"),
    ]  # fmt: skip
    assert sorted((row["kind"], row["time"]) for row in rows.collect()) == [(kind, OCTOBER + 5.0) for kind in range(3)]


def test_of_a_robots_visit_the_end_is_kept(spark: SparkSession) -> None:
    rows = [event(f"10-01 {n // 60:02}:{n % 60:02}:00", product=f"p{n}", session="long") for n in range(300)]
    frame = event_frame(spark, *rows, event("10-01 04:59:30", product="x", session="short"))
    kept = newest_visits(frame, MOST_OF_A_VISIT + 1).toPandas()  # counted as what is kept, both fit
    assert set(kept["product_id"]) == {"x"} | {f"p{n}" for n in range(300 - MOST_OF_A_VISIT, 300)}


def test_without_a_session_a_users_day_is_a_visit(spark: SparkSession) -> None:
    rows = [event(f"10-0{day} {hour}:00:00", user=user) for user in "ab" for day in (1, 2) for hour in (10, 20)]
    frame = event_frame(spark, *rows)
    for nothing in ("cast(null as string)", "''"):
        log = read_log(frame.selectExpr("* except (user_session)", f"{nothing} as user_session"), catalogue("p1"))
        assert sorted(log.names) == ["a 2019-10-01", "a 2019-10-02", "b 2019-10-01", "b 2019-10-02"]


def test_the_log_of_the_planted_shop(shop: DataFrame) -> None:
    products = [row["product_id"] for row in shop.select("product_id").distinct().collect()]
    log = read_log(shop, catalogue(*products))
    assert (len(log), len(log.items)) == (SHOPPERS, 9 * SHOPPERS)
    assert sorted(log.names) == sorted(f"session-{user}" for user in log.user_ids)
    assert np.all(np.diff(log.ends) >= 0)
    for user, name, events in told(log):
        assert name == f"session-{user}"
        assert {product[0] for product, _ in events} == {str(user)[0]}
        assert [kind for _, kind in events] == [0] * 8 + [2]
        assert events[-1][0] == events[-2][0]


def test_events_of_one_second_come_as_they_happen_in_any_order_of_rows(spark: SparkSession) -> None:
    rows = [
        event("10-01 10:00:00", kind, product, session=session, user=session)
        for session in ("s1", "s2")
        for kind in ("view", "cart", "purchase")
        for product in ("a", "b")
    ]
    expected = [(p, kind) for kind in range(3) for p in "ab"]
    for order in (rows, rows[::-1], rows[1::2] + rows[::2]):
        log = read_log(event_frame(spark, *order), catalogue("a", "b"))
        assert told(log) == [("s1", "s1", expected), ("s2", "s2", expected)]


def test_two_users_of_one_session_id_have_a_visit_each(spark: SparkSession) -> None:
    rows = [event("10-01 10:00:00", user="a"), event("10-01 11:00:00", user="b"), event("10-01 12:00:00", user="b",
            session="s2")]  # fmt: skip
    log = read_log(event_frame(spark, *rows), catalogue("p1"))
    assert [(user, name) for user, name, _ in told(log)] == [("a", "s1 of a"), ("b", "s1 of b"), ("b", "s2")]


def test_products_the_catalogue_lacks_and_no_events_at_all(spark: SparkSession) -> None:
    frame = event_frame(spark, event("10-01 10:00:00", product="new"), event("10-01 10:01:00"))
    assert read_log(frame, catalogue("p1")).items.tolist() == [UNKNOWN, 0]
    none = read_log(frame.where("event_type = 'refund'"), catalogue("p1"))
    assert (len(none), none.now, none.items.tolist()) == (0, 0.0, [])


# Bought again


Rows = list[tuple[object, ...]]


def bought(category: str | None, users: int, again: int, category_id: str = "id") -> Rows:
    """Each user buys a product of the category, the first `again` of them on a second day too."""
    made = [(n, day) for n in range(users) for day in range(1, 3 if n < again else 2)]
    return [
        event(f"10-0{day} 10:00:00", "purchase", f"{category or category_id}-p", f"u{n}", category=category,
              category_id=category_id)
        for n, day in made
    ]  # fmt: skip


def counted(table: DataFrame) -> dict[str, tuple[int, int]]:
    return {row["category"]: (row["buyers"], row["again"]) for row in table.collect()}


def test_pairs_bought_on_two_days_are_counted_by_category(spark: SparkSession) -> None:
    rows = [*bought("food", 5, 3), *bought("tv", 4, 0), *bought(None, 2, 1, "c7"), *bought(None, 1, 0, "")]
    rows += [
        event("10-01 12:00:00", "purchase", "tv-p", "u0", category="tv"),  # the same day again
        event("10-05 12:00:00", "view", "tv-p", "u1", category="tv"),
        event("10-05 12:00:00", "purchase", "tv-other", "u1", category="tv"),  # another product
    ]
    found = counted(repurchases(event_frame(spark, *rows)))
    assert found == {"food": (5, 3), "tv": (5, 0), "c7": (2, 1), "": (1, 0)}


def test_the_category_is_the_catalogues_where_products_are_given(spark: SparkSession) -> None:
    frame = event_frame(spark, *bought("old", 3, 1), *bought("gone", 2, 0))
    products = spark.createDataFrame(
        [("old-p", "new.name", "id")], "product_id string, category_code string, category_id string"
    )
    assert counted(repurchases(frame, products)) == {"new.name": (3, 1), "": (2, 0)}


def durable(rows: dict[str, tuple[int, int]], *categories: str) -> list[bool]:
    """Per category whether its product is taken for durable."""
    table = pa.table({"category": list(rows), "buyers": [b for b, _ in rows.values()],
                      "again": [a for _, a in rows.values()]})  # fmt: skip
    shelf = Catalogue(tuple(Product(f"p{n}", None, name, None, None) for n, name in enumerate(categories)))
    return list(durable_items(table, shelf))


def test_a_category_hardly_bought_again_is_durable() -> None:
    rows = {"tv": (1000, 20), "food": (1000, 480)}  # the shop's share is 0.25
    assert durable(rows, "tv", "food", "never bought") == [True, False, False]


def test_few_pairs_are_drawn_to_the_shops_share() -> None:
    shop = {"food": (1000, 250)}
    assert durable(shop | {"tv": (5, 0)}, "tv") == [False]  # (0 + 50 * 0.249) / 55 = 0.226
    assert durable(shop | {"tv": (100, 0)}, "tv") == [True]  # (0 + 50 * 0.227) / 150 = 0.076
    hardly = {"tv": (1000, 20)}
    assert durable(hardly, "tv", "never bought", "") == [True, True, True]
    assert durable(hardly | {"gum": (5, 5)}, "gum") == [False]  # (5 + 50 * 0.025) / 55 = 0.114


def test_where_nobody_bought_all_is_durable() -> None:
    assert durable({}, "tv") == [True]  # what the first buyer has just bought is not shown to them again


def test_the_planted_shop_sells_durables(shop: DataFrame) -> None:
    table = repurchases(shop).toArrow()
    assert {row["category"]: (row["buyers"], row["again"]) for row in table.to_pylist()} == {
        "electronics.smartphone": (SHOPPERS // 2, 0), "apparel.shoes": (SHOPPERS // 2, 0),
    }  # fmt: skip
    assert durable_items(table, catalogue("p1")).tolist() == [True]
