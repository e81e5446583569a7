"""The analysis job on the running lab's HDFS: months one after the other, robots, and logs that lack things."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplab.behaviour.job import AnalysisSummary, analyse
from shoplab.behaviour.points import behaviour_points
from shoplab.behaviour.tables import TABLES
from shoplab.core.catalog import Catalog
from shoplab.core.frames import SparkCatalog
from shoplab.core.schemas import EVENT
from shoplab.core.settings import Settings
from tests.data import event, event_frame
from tests.shop import Shop

# Of what is counted by month, by day or by product; sums of money to the last digits, which depend on their order
ADDITIVE = {
    "sessions": ["user_id", "user_session"],
    "users": ["user_id", "month"],
    "habits": ["user_id", "month"],
    "analysis/products": ["product_id"],
    "analysis/activity": ["hour"],
    "analysis/funnel": ["month"],
    "analysis/categories": ["category"],
    "analysis/session_lengths": ["length"],
    "analysis/visits": ["month", "visits"],
    "analysis/transitions": ["step", "next"],
    "analysis/transitions_by_category": ["step", "next"],
    "analysis/paths_by_buyer": ["buyers", "path"],
    "analysis/flows": ["buyers", "position", "step", "next"],
    "analysis/funnel_by": ["dimension", "value"],
    "analysis/cohorts": ["cohort", "weeks_after"],
    "analysis/trends": ["kind", "name"],
    "analysis/distributions": ["name", "lower"],
}


@pytest.fixture
def new_catalog(
    lab: Settings, spark: SparkSession, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Catalog]]:
    made: list[Catalog] = []

    def new(name: str) -> Catalog:
        root = f"/{request.node.name.split('[')[0]}-{name}"
        made.append(SparkCatalog(replace(lab, data_root=root), spark))
        return made[-1]

    yield new
    for catalog in made:
        catalog.storage.delete(catalog.settings.data_root)


def arrow(catalog: Catalog, dataset: str) -> pa.Table:
    """A table as it is stored: nulls are not yet NaN."""
    paths = [path for path in catalog.storage.walk(catalog.path(dataset)) if path.endswith(".parquet")]
    return pa.concat_tables([pq.read_table(io.BytesIO(catalog.storage.read(path))) for path in paths])


def nans(catalog: Catalog) -> list[str]:
    """Columns with NaN or infinity in what the job wrote."""
    datasets = ["sessions", "users", "habits", "analysis/products", *(f"analysis/{name}" for name in TABLES)]
    return [
        f"{dataset}.{field.name}"
        for dataset, table in ((dataset, arrow(catalog, dataset)) for dataset in datasets)
        for field in table.schema
        if pa.types.is_floating(field.type) and pc.all(pc.is_finite(table[field.name])).as_py() is False
    ]


def sorted_rows(catalog: Catalog, dataset: str, key: list[str]) -> pd.DataFrame:
    whole = dataset.startswith("analysis/")  # the others have their month in the name of a folder
    frame = catalog.table(dataset) if whole else catalog.read(dataset).toPandas()
    return frame.sort_values(key).reset_index(drop=True)


def test_october_then_november_gives_what_both_at_once_give(shop: Shop, new_catalog: Callable[[str], Catalog]) -> None:
    one_by_one, at_once = shop.catalog, new_catalog("at-once")
    at_once.replace("events", one_by_one.read("events"), "date")
    together = analyse(at_once)
    assert shop.october.analysis.events < together.events
    assert replace(shop.november.analysis, seconds=0) == replace(together, seconds=0)
    for dataset, key in ADDITIVE.items():
        ours, theirs = (sorted_rows(catalog, dataset, key) for catalog in (one_by_one, at_once))
        columns = list(theirs.columns)
        pd.testing.assert_frame_equal(ours[columns], theirs, rtol=1e-9, obj=dataset)
    before = shop.october.users.sort_values("user_id").reset_index(drop=True)
    after = sorted_rows(one_by_one, "users", ["user_id"])
    after = after[after["month"] == "2019-10"].reset_index(drop=True)
    unchanged = [name for name in before.columns if name != "price_level"]  # it is the place among all prices known
    pd.testing.assert_frame_equal(before[unchanged], after[unchanged], rtol=1e-9)
    assert nans(one_by_one) == []
    assert together.left_out == ()


def checked(catalog: Catalog, events: DataFrame) -> AnalysisSummary:
    """Runs the job on these events, and what follows it; no table may hold a NaN."""
    catalog.replace("events", events, "date")
    made = analyse(catalog)
    assert nans(catalog) == []
    assert behaviour_points(catalog)
    assert catalog.storage.read_json(catalog.path("analysis", "left_out.json")) == {"left_out": list(made.left_out)}
    assert "\n" not in made.line()
    return made


def test_one_event_with_nothing_but_a_product(new_catalog: Callable[[str], Catalog], spark: SparkSession) -> None:
    catalog = new_catalog("one")
    made = checked(catalog, event_frame(spark, event("10-01 12:00:00", price=None, category=None, brand=None)))
    assert (made.events, made.sessions, made.users, made.conversion) == (1, 1, 1, 0.0)
    assert [sentence.split(":")[0] for sentence in made.left_out] == [
        "money", "categories", "brands", "conversion", "trends",
    ]  # fmt: skip
    assert catalog.table("analysis/sequences").empty
    assert set(catalog.table("analysis/funnel_by")["dimension"]) == {"hour"}


def test_refunds_alone_and_prices_of_zero(new_catalog: Callable[[str], Catalog], spark: SparkSession) -> None:
    catalog = new_catalog("refunds")
    events = event_frame(
        spark, event("10-01 12:00:00", "refund", price=0.0), event("10-20 15:00:00", "refund", price=0.0, user="u2")
    )
    made = checked(catalog, events)
    assert made.conversion == 0.0
    assert made.left_out[0].startswith("money")
    assert catalog.table("analysis/paths").empty
    assert catalog.table("analysis/flows").empty


def test_a_session_of_100_000_events_is_a_robots(new_catalog: Callable[[str], Catalog], spark: SparkSession) -> None:
    catalog = new_catalog("robot")
    people = event_frame(
        spark,
        event("10-01 12:00:00"),
        event("10-01 12:00:10", "cart"),
        event("10-01 12:00:20", "purchase"),
        event("10-01 12:00:00", user="u2", session="s2"),
    )
    kinds = F.array(*[F.lit(kind) for kind in ("view", "cart", "purchase")])
    robot = spark.range(100_000).select(
        F.timestamp_seconds(F.lit(1_570_000_000) + F.col("id") % 80_000).alias("event_time"),
        F.element_at(kinds, (F.col("id") % 3 + 1).cast("int")).alias("event_type"),
        F.concat(F.lit("p"), (F.col("id") % 7).cast("string")).alias("product_id"),
        *[
            F.lit(value).alias(name)
            for name, value in (("category_id", "c1"), ("category_code", "a.b"), ("brand", "b"))
        ],
        F.lit(1.0).alias("price"),
        F.lit(None).cast("long").alias("quantity"),
        F.lit("r1").alias("user_id"),
        F.lit("long").alias("user_session"),
    )
    robot = robot.withColumn("date", F.to_date("event_time")).select(*EVENT.names)
    made = checked(catalog, people.unionByName(robot))
    assert made.sessions == 3
    assert made.left_out[-1].startswith("robots: 1 session(s) of 1 user(s)")
    assert catalog.read("users").where("longest_session = 100000").count() == 1
    assert catalog.table("analysis/transitions")["moves"].sum() == 4 + 2
    assert catalog.table("analysis/paths")["sessions"].sum() == 2
