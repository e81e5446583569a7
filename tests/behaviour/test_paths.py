import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from shoplab.behaviour import paths
from shoplab.behaviour.products import products
from shoplab.behaviour.users import users_of
from tests.data import event, event_frame


def steps(events: DataFrame) -> dict[str, Row]:
    """By session."""
    made = paths.named(paths.steps(events, users_of(events, products(events)), F.col("category_code")))
    return {row["user_session"]: row for row in made.collect()}


def test_steps_are_in_time_order_and_within_a_second_in_the_funnels(spark: SparkSession) -> None:
    events = event_frame(
        spark, event("10-01 12:00:05", "purchase"), event("10-01 12:00:05", "cart"), event("10-01 12:00:00")
    )
    assert steps(events)["s1"]["steps"] == ["view", "cart", "purchase"]


def gone(spark: SparkSession, *walks: list[str], buyer: bool = False) -> DataFrame:
    """Each of one session."""
    return spark.createDataFrame(
        [(buyer, walk, 1) for walk in walks], "buyer boolean, steps array<string>, sessions int"
    )


def test_transitions_have_start_and_exit_and_shares_of_each_step(spark: SparkSession) -> None:
    table = gone(spark, ["view", "view", "cart"], ["view"])
    made = {(r["step"], r["next"]): (r["moves"], r["share"]) for r in paths.transitions(table).collect()}
    assert made == {
        ("start", "view"): (2, 1.0),
        ("view", "view"): (1, pytest.approx(1 / 3)),
        ("view", "cart"): (1, pytest.approx(1 / 3)),
        ("view", "exit"): (1, pytest.approx(1 / 3)),
        ("cart", "exit"): (1, 1.0),
    }


def test_typical_paths_fold_repeats(spark: SparkSession) -> None:
    walks = [["view", "view", "view", "cart"], ["view", "view", "cart"], ["view"], ["view", "cart", "view"]]
    table = gone(spark, *walks)
    made = {row["path"]: row["sessions"] for row in paths.typical_paths(table).collect()}
    assert made == {"view+ > cart": 2, "view": 1, "view > cart > view": 1}
    assert [row["path"] for row in paths.typical_paths(table, most=1).collect()] == ["view+ > cart"]


def test_steps_know_the_users_who_buy_in_the_month(spark: SparkSession) -> None:
    events = event_frame(
        spark,
        event("10-01 12:00:00", category=None),
        event("10-02 12:00:00", "purchase", session="s2"),
        event("11-02 12:00:00", session="s3"),
        event("10-01 12:00:00", user="u2", session="s4"),
        event("10-01 13:00:00", "refund", user="u2", session="s5"),
    )
    rows = steps(events)
    assert {name: row["buyer"] for name, row in rows.items()} == {"s1": True, "s2": True, "s3": False, "s4": False}
    assert (rows["s1"]["categories"], rows["s2"]["categories"]) == ([None], ["electronics.phone"])


def test_robots_are_left_out_of_paths(spark: SparkSession) -> None:
    """The month of a user with a session of 2,001 events, whatever the other sessions are like."""
    click = spark.range(2_001).selectExpr(
        "timestamp'2019-10-03 00:00:00' + make_dt_interval(0, 0, 0, id) AS event_time"
    )
    base = event_frame(
        spark,
        event("10-01 12:00:00"),
        event("11-01 12:00:00", session="s2"),
        event("10-01 12:00:00", user="u2", session="s3"),
    )
    robot = click.crossJoin(base.limit(1).drop("event_time", "user_session")).selectExpr("*", "'long' AS user_session")
    assert set(steps(base.unionByName(robot))) == {"s2", "s3"}
    assert len(steps(base.unionByName(robot.limit(2_000)))) == 4


def test_walks_are_counted_and_name_the_top_categories_only(spark: SparkSession) -> None:
    events = event_frame(
        spark,
        *[event("10-01 12:00:00", user=user, category="a.x") for user in ("u1", "u2")],
        event("10-01 12:00:00", user="u3", category="c.z"),
        event("10-01 12:00:00", "cart", user="u3", category=None),
        event("10-01 12:00:00", user="u3", category="b.y"),
    )
    made = paths.walks(events, users_of(events, products(events)), ["a", "b"])
    assert sorted(tuple(row) for row in made.select("steps", "categories", "sessions").collect()) == [
        (["view"], ["a"], 2),
        (["view", "view", "cart"], ["b", "other", "none"], 1),
    ]


def walks(spark: SparkSession) -> DataFrame:
    rows = [
        (True, ["view", "view", "cart", "purchase"], ["a", "b", "b", "b"], 1),
        (True, ["view", "cart", "purchase"], ["other", "none", "a"], 1),
        (False, ["view"], ["a"], 1),
        (False, ["view", "view"], ["none", "none"], 1),
    ]
    return spark.createDataFrame(rows, "buyer boolean, steps array<string>, categories array<string>, sessions int")


def test_transitions_by_category_go_from_step_and_category_to_the_next(spark: SparkSession) -> None:
    table = paths.transitions_by_category(walks(spark))
    made = {(row["step"], row["next"]): row["moves"] for row in table.collect()}
    assert made["start", "view a"] == 2
    assert made["view a", "view b"] == 1
    assert made["view other", "cart none"] == 1
    assert made["purchase a", "exit"] == 1


def test_buyers_and_others_have_paths_of_their_own(spark: SparkSession) -> None:
    rows = paths.paths_by_buyer(walks(spark)).collect()
    assert sorted((row["buyers"], row["path"], row["sessions"], row["share"]) for row in rows) == [
        (False, "view", 1, 0.5),
        (False, "view+", 1, 0.5),
        (True, "view > cart > purchase", 1, 0.5),
        (True, "view+ > cart > purchase", 1, 0.5),
    ]
    assert len(paths.paths_by_buyer(walks(spark), most=1).collect()) == 2


def test_flows_go_from_position_to_position_and_end_in_exit(spark: SparkSession) -> None:
    made = {tuple(row)[:4]: row["sessions"] for row in paths.flows(walks(spark)).collect()}
    assert made == {
        (True, 1, "view", "cart"): 2,
        (True, 2, "cart", "purchase"): 2,
        (True, 3, "purchase", "exit"): 2,
        (False, 1, "view", "exit"): 2,
    }


def test_flows_stop_at_the_sixth_position(spark: SparkSession) -> None:
    table = gone(spark, ["view", "cart"] * 5, buyer=True)
    made = sorted((row["position"], row["step"], row["next"]) for row in paths.flows(table).collect())
    assert made[0] == (1, "view", "cart")
    assert made[-1] == (6, "cart", "view")
    assert len(made) == 6
