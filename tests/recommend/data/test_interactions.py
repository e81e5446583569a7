import datetime as dt

from pyspark.sql import SparkSession

from shoplab.recommend.data.feedback import CURRENT, WEIGHT_CAP
from shoplab.recommend.data.histories import RECENT_PER_USER
from shoplab.recommend.data.interactions import interactions, recent_history
from tests.data import event_frame
from tests.recommend.planted_shop import event


def test_weights_add_up_to_a_cap(spark: SparkSession) -> None:
    rows = [
        event("u", "p1"), event("u", "p1", "cart", 5), event("u", "p1", "purchase", 9),
        event("u", "p2", "remove_from_cart"), event("u", "p3", "refund"),
        *[event("robot", "s1", minute=i) for i in range(500)],
    ]  # fmt: skip
    got = {(row.user_id, row.product_id): row for row in interactions(event_frame(spark, *rows), CURRENT).collect()}
    assert set(got) == {("u", "p1"), ("robot", "s1")}
    pair = got["u", "p1"]
    assert (pair.weight, pair.kind, pair.bought) == (9.0, "purchase", True)
    assert pair.last_time == dt.datetime(2019, 10, 1, 0, 9)
    robot = got["robot", "s1"]
    assert (robot.weight, robot.kind, robot.bought) == (WEIGHT_CAP, "view", False)


def test_history_keeps_the_newest_and_all_that_was_bought(spark: SparkSession) -> None:
    met = [event("u", f"p{i}", minute=i) for i in range(30)]
    rows = [*met, event("u", "p0", "purchase"), event("u", "p29", "cart", 29)]
    got = {
        row.product_id: row.kind for row in recent_history(interactions(event_frame(spark, *rows), CURRENT)).collect()
    }
    newest = {f"p{i}" for i in range(30 - RECENT_PER_USER, 30)}
    assert set(got) == newest | {"p0"}
    assert (got["p0"], got["p29"], got["p28"]) == ("purchase", "cart", "view")
