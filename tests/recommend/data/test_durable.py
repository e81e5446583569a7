"""What is bought again."""

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from shoplab.recommend.data.durable import durable_items, repurchases
from shoplab.recommend.data.products import Product, Products
from tests.data import event, event_frame
from tests.recommend.planted_shop import SHOPPERS

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


def test_the_category_is_that_of_the_newest_purchase(spark: SparkSession) -> None:
    old, new = (
        event(f"10-0{day} 10:00:00", "purchase", "p", "u", category=name) for day, name in ((1, "old"), (2, "new.name"))
    )
    assert counted(repurchases(event_frame(spark, new, old))) == {"new.name": (1, 1)}


def durable(rows: dict[str, tuple[int, int]], *categories: str) -> list[bool]:
    """Per category whether its product is taken for durable."""
    table = pa.table({"category": list(rows), "buyers": [b for b, _ in rows.values()],
                      "again": [a for _, a in rows.values()]})  # fmt: skip
    shelf = Products(tuple(Product(f"p{n}", None, name, None, None) for n, name in enumerate(categories)))
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
    assert durable_items(table, Products((Product("p1", "c1", None, None, None),))).tolist() == [True]
