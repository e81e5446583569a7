import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplab.behaviour.distributions import BINS, distributions


@pytest.fixture(scope="module")
def made(spark: SparkSession) -> dict[tuple[str, float], tuple[float, int]]:
    def frame(rows: str, columns: str) -> DataFrame:
        return spark.sql(f"SELECT * FROM VALUES {rows} AS t({columns})")

    starts = "('u1', 's1', timestamp'2019-10-01 00:00:00', 0L), ('u1', 's2', timestamp'2019-10-01 06:00:00', 120L)"
    sessions = frame(
        f"{starts}, ('u2', 's3', timestamp'2019-10-01 09:00:00', 90000L)",
        "user_id, user_session, session_start, duration_s",
    )
    habits = frame(
        "(0D, 0.15D, NULL, 25D), (NULL, 1D, NULL, 1D)",
        "discount_share, category_loyalty, brand_loyalty, visits_per_week",
    )
    habits = habits.withColumn("brand_loyalty", F.col("brand_loyalty").cast("double"))
    users = frame("(0.05D), (0.0499D), (NULL)", "price_level")
    bought = frame("(119L), (120L), (NULL)", "wait_s")
    table = distributions(sessions, users, habits, bought).collect()
    return {(row["name"], row["lower"]): (row["upper"], row["count"]) for row in table}


def test_values_stand_in_the_bin_that_begins_at_or_below_them(made: dict[tuple[str, float], tuple[float, int]]) -> None:
    assert made["session_minutes", 0.0] == (2.0, 1)
    assert made["session_minutes", 2.0] == (4.0, 1)
    assert (made["minutes_to_purchase", 0.0], made["minutes_to_purchase", 2.0]) == ((2.0, 1), (4.0, 1))
    assert (made["price_level", 0.0], made["price_level", 0.05]) == ((0.05, 1), (0.1, 1))
    assert made["category_loyalty", 0.15] == (0.2, 1)


def test_the_last_bin_holds_what_lies_beyond(made: dict[tuple[str, float], tuple[float, int]]) -> None:
    assert made["session_minutes", 58.0] == (60.0, 1)
    assert made["category_loyalty", 0.95] == (1.0, 1)
    assert made["visits_per_week", 9.5] == (10.0, 1)


def test_gaps_are_a_users_own_and_nothing_is_made_of_nulls(made: dict[tuple[str, float], tuple[float, int]]) -> None:
    counts = {name: sum(count for (of, _), (_, count) in made.items() if of == name) for name in BINS}
    assert counts == {
        "session_minutes": 3, "hours_between_visits": 1, "minutes_to_purchase": 2, "price_level": 2,
        "discount_share": 1, "category_loyalty": 2, "brand_loyalty": 0, "visits_per_week": 2,
    }  # fmt: skip
    assert made["hours_between_visits", 6.0] == (12.0, 1)
