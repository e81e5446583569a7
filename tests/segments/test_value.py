import datetime as dt
import math
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplab.core.frames import SparkCatalog, struct
from shoplab.core.schemas import CUSTOMER_VALUE, SESSION
from shoplab.core.settings import Settings
from shoplab.segments.value import (
    customer_value,
    fit_value,
    means_by_segment,
    per_buyer,
    purchase_days,
    with_value,
)
from shoplab.segments.value_model import TRIPLE, OrderValueModel, PurchaseModel, ValueModel
from tests.data import real_file
from tests.segments.buyers import FIRST_DAY, drawn_purchase_days, triples
from tests.segments.buyers import per_buyer as drawn_per_buyer

PAPER = PurchaseModel(0.24, 4.41, 0.79, 2.43)
AS_OF = dt.date(2019, 10, 31)


def bought(user: str, time: str, revenue: float = 10.0, purchases: int = 1) -> dict[str, Any]:
    """What the steps read of a SESSION row; time as "10-01 12:00" of 2019."""
    start = dt.datetime.strptime(f"2019-{time}", "%Y-%m-%d %H:%M").replace(tzinfo=dt.UTC)
    return {"user_id": user, "session_start": start, "purchases": purchases, "revenue": revenue}


def buyers_of(spark: SparkSession, *rows: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    columns = "user_id string, session_start timestamp, purchases long, revenue double"
    sessions = spark.createDataFrame(list(rows), columns)
    return {row[0]: tuple(row)[1:] for row in per_buyer(purchase_days(sessions, AS_OF), AS_OF).collect()}


def test_days_are_counted_not_sessions(spark: SparkSession) -> None:
    rows = [("10-01 00:00", 10.0), ("10-01 23:59", 20.0), ("10-11 08:00", 60.0), ("10-31 23:59", 30.0)]
    found = buyers_of(spark, *(bought("a", time, revenue) for time, revenue in rows))
    assert found == {"a": (2, 30, 30, 40.0, 3)}


def test_what_is_no_purchase_up_to_that_day_is_left_out(spark: SparkSession) -> None:
    found = buyers_of(
        spark,
        bought("a", "10-05 10:00"),
        bought("a", "10-07 10:00", 0.0, purchases=0),  # a visit
        bought("a", "11-01 00:00"),
        bought("b", "11-02 00:00"),
        bought("c", "10-06 10:00", 0.0, purchases=0),
    )
    assert found == {"a": (0, 0, 26, 10.0, 1)}


def test_refunds_of_the_day_lower_its_value_and_days_without_value_count_as_orders_only(spark: SparkSession) -> None:
    found = buyers_of(
        spark,
        bought("a", "10-01 10:00", 50.0),
        bought("a", "10-01 15:00", -20.0, purchases=0),
        bought("a", "10-02 10:00", 10.0),
        bought("a", "10-02 15:00", -15.0, purchases=0),
        bought("a", "10-03 10:00", -99.0, purchases=0),  # money back for an earlier day: no order
        bought("b", "10-03 10:00", 0.0),
    )
    assert found == {"a": (1, 1, 30, 30.0, 1), "b": (0, 0, 28, None, 0)}


def some_buyers(spark: SparkSession) -> DataFrame:
    rows = [("a", 3, 20, 30, 40.0, 4), ("b", 0, 0, 30, 10.0, 1), ("c", 0, 0, 5, None, 0), ("d", 3, 20, 30, 99.0, 4)]
    return spark.createDataFrame(rows, "user_id string, x long, t_x int, T int, mean_value double, valued_days long")


def valued(model: ValueModel, buyers: DataFrame) -> DataFrame:
    return with_value(model, buyers, buyers.groupBy(*TRIPLE).count().toPandas())


def test_value_of_each_buyer(spark: SparkSession) -> None:
    model = ValueModel("2019-10-31", 4, PAPER, OrderValueModel(6.0, 4.0, 15.0), factor=1.5)
    rows = {row.user_id: row for row in valued(model, some_buyers(spark)).collect()}
    assert set(rows) == set("abcd")
    triple = pd.DataFrame({"x": [3], "t_x": [20], "T": [30]})
    assert rows["a"].p_alive == rows["d"].p_alive == PAPER.p_alive(triple)[0]
    assert rows["a"].expected_orders == pytest.approx(1.5 * PAPER.expected_orders(30, triple)[0])
    for user, n, mean in (("a", 4, 40.0), ("b", 1, 10.0), ("c", 0, 0.0), ("d", 4, 99.0)):
        own = 6 * n / (6 * n + 4 - 1)  # the weight of the buyer's own mean; 15 * 6 / (4 - 1) is that of all
        assert rows[user].expected_order_value == pytest.approx(own * mean + (1 - own) * 30)
        assert rows[user].clv == pytest.approx(rows[user].expected_orders * rows[user].expected_order_value)


def test_no_prices_give_orders_without_money(spark: SparkSession) -> None:
    seen = triples(drawn_purchase_days(500, 0.8, 40, 1.2, 3, 90, seed=1), until=89)
    model = fit_value(seen, pd.DataFrame({"n": [], "mean_value": []}), AS_OF)
    assert (model.order_values, model.as_of, model.buyers) == (None, "2019-10-31", int(seen["buyers"].sum()))
    assert model.left_out == "order values need 20 buyers with two priced orders, not 0"
    rows = valued(model, some_buyers(spark)).collect()
    assert [(row.expected_order_value, row.clv) for row in rows] == [(None, None)] * 4
    assert all(row.expected_orders > 0 for row in rows)


def test_means_of_segments(spark: SparkSession) -> None:
    values = [("a", 0.5, 1.0, 10.0, 10.0), ("b", 1.0, 3.0, 20.0, 60.0), ("c", 0.2, 0.1, None, None)]
    names = [("a", "loyal"), ("b", "loyal"), ("c", "one-off"), ("z", "window shopper")]
    named = spark.createDataFrame(names, "user_id string, segment_name string")
    found = means_by_segment(
        spark.createDataFrame(values, struct(CUSTOMER_VALUE)).join(named, on="user_id", how="inner")
    )
    assert found == [
        {"segment_name": "loyal", "buyers": 2, "p_alive": 0.75, "expected_orders": 2.0, "expected_order_value": 15.0,
         "clv": 35.0},
        {"segment_name": "one-off", "buyers": 1, "p_alive": 0.2, "expected_orders": 0.1, "expected_order_value": None,
         "clv": None},
    ]  # fmt: skip


# The job, on HDFS


def shop(lab: Settings, spark: SparkSession, name: str, days: pd.DataFrame) -> tuple[SparkCatalog, DataFrame]:
    """A data root with a session for each of these purchase days (buyer, day, revenue), and segments of the buyers."""
    start = pd.to_datetime(FIRST_DAY) + pd.to_timedelta(days["day"], unit="D") + pd.Timedelta(hours=12)
    sessions = pd.DataFrame(
        {
            "user_session": days["buyer"].astype(str) + "/" + days["day"].astype(str),
            "user_id": days["buyer"].astype(str),
            "session_start": start,
            "session_end": start,
            "purchases": 1,
            "revenue": days["revenue"].astype(float),
            "entry_category": "a",
            "exit_category": "a",
            "month": start.dt.strftime("%Y-%m"),
        }
    )
    rest = {column: 0 for column in SESSION.names if column not in sessions}
    catalog = SparkCatalog(replace(lab, data_root=f"/value-{name}"), spark)
    catalog.replace("sessions", spark.createDataFrame(sessions.assign(**rest)[SESSION.names], struct(SESSION)), "month")
    users = spark.range(int(days["buyer"].max()) + 1).selectExpr(
        "cast(id as string) as user_id", "if(id % 2 = 0, 'even', 'odd') as segment_name"
    )
    return catalog, users


def reference_day(days: int) -> dt.date:
    return FIRST_DAY + dt.timedelta(days=days - 1)


def test_job_publishes_a_value_for_each_buyer_and_a_judgement(lab: Settings, spark: SparkSession) -> None:
    days = drawn_purchase_days(3_000, 0.8, 40, 1.2, 3, 120, seed=7).assign(revenue=lambda rows: 5 + rows["day"] % 50)
    catalog, users = shop(lab, spark, "job", days)
    part = customer_value(catalog, users.where("user_id <> '4'"), reference_day(120))
    assert isinstance(part, dict)
    assert (part["horizon_days"], part["left_out"]) == (30, [])
    table = catalog.table("value", catalog.current("value").rsplit("/", 1)[1])
    assert sorted(table["user_id"]) == sorted(str(i) for i in range(3_000) if i != 4)
    assert not table.isna().any().any()
    manifest = catalog.storage.read_json(catalog.current("value") + "/manifest.json")
    assert manifest == {"version": manifest["version"], "promoted": True, **part}
    assert ValueModel.from_dict(part["model"]).buyers == 2_999

    assert {row["segment_name"]: row["buyers"] for row in part["segments"]} == {"even": 1_499, "odd": 1_500}
    means = table.assign(odd=table["user_id"].astype(int) % 2).groupby("odd")["clv"].mean()
    assert {row["segment_name"]: row["clv"] for row in part["segments"]} == pytest.approx(
        {"even": means[0], "odd": means[1]}
    )
    holdout = part["holdout"]
    known = drawn_per_buyer(days[days["buyer"] != 4], 79)
    after = days[(days["day"] > 79) & days["buyer"].isin(known.index)]
    assert (holdout["from"], holdout["to"]) == ("2019-03-22", "2019-04-30")
    assert (holdout["buyers"], holdout["actual"]) == (len(known), len(after))
    assert holdout["predicted"] == pytest.approx(holdout["actual"], rel=0.1)
    assert [row["buyers"] for row in holdout["curve"]] == known["x"].clip(upper=3).value_counts().sort_index().tolist()
    assert part["model"]["factor"] == holdout["factor"]


def test_a_shorter_past_is_looked_at_on_request(lab: Settings, spark: SparkSession) -> None:
    days = drawn_purchase_days(2_000, 0.8, 20, 1.2, 3, 60, seed=8).assign(revenue=0.0)
    catalog, users = shop(lab, spark, "since", days)
    part = customer_value(catalog, users, FIRST_DAY + dt.timedelta(days=49), FIRST_DAY + dt.timedelta(days=40))
    assert isinstance(part, dict)
    assert part["holdout"] is None
    assert part["left_out"] == [
        "no holdout: the orders span less than 21 days",
        "order values need 20 buyers with two priced orders, not 0",
    ]
    assert sum(row["buyers"] for row in part["segments"]) == days[days["day"].between(40, 49)]["buyer"].nunique()
    assert all(row["clv"] is None and math.isfinite(row["expected_orders"]) for row in part["segments"])


def test_too_little_is_said_and_nothing_published(lab: Settings, spark: SparkSession) -> None:
    days = pd.DataFrame({"buyer": range(90), "day": [i % 40 for i in range(90)], "revenue": 9.0})
    catalog, users = shop(lab, spark, "little", days)
    said = customer_value(catalog, users, reference_day(60))
    why = "0 of 90 buyers bought on a second day, too few for a lifetime value; 20 are needed"
    assert said == f"no lifetime value: {why}"
    assert (
        customer_value(catalog, users.where("false"), reference_day(60)) == "no lifetime value: nobody bought anything"
    )
    assert not catalog.has("value")


def test_online_retail_orders_are_foretold(lab: Settings, spark: SparkSession) -> None:
    """4,300 customers of a real shop over a year. The last months are Christmas', which no purchase model knows of."""
    lines = pd.read_parquet(real_file("online-retail/2009-2010.parquet")).dropna(subset="Customer ID")
    lines = lines[lines["Quantity"] > 0]
    day = (pd.to_datetime(lines["InvoiceDate"]).dt.normalize() - pd.Timestamp(FIRST_DAY)).dt.days
    lines = lines.assign(buyer=lines["Customer ID"].astype(int), day=day, revenue=lines["Quantity"] * lines["Price"])
    days = lines.groupby(["buyer", "day"], as_index=False)["revenue"].sum()
    last = FIRST_DAY + dt.timedelta(days=int(days["day"].max()))
    catalog, users = shop(lab, spark, "retail", days)
    part = customer_value(catalog, users, last)
    assert isinstance(part, dict)
    assert part["left_out"] == []
    assert part["holdout"]["predicted"] == pytest.approx(part["holdout"]["actual"], rel=0.3)
    assert abs(part["holdout"]["error"]) < 0.1
