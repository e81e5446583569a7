"""The maps that ship with the package, on the real files where they are: every figure against pandas."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.touches import touches
from shoplab.core.catalog import Catalog
from shoplab.core.frames import SparkCatalog
from shoplab.core.settings import Settings
from shoplab.events import job
from shoplab.events.mapping import load_mapping
from shoplab.events.sources import inspect
from tests.data import real_file

FIRST = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,"WHITE HEART, ""T-LIGHT"" HOLDER",6,12/1/2010 8:26,2.55,17850,United Kingdom
C536379,D,Discount,-1,12/1/2010 9:41,27.5,14527,United Kingdom
536414,22139,£1 HOLDER,56,12/1/2010 11:52,0,,United Kingdom
"""
SECOND = """Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country
536365,85123A,"WHITE HEART, ""T-LIGHT"" HOLDER",6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,14527.0,United Kingdom
536414,22139,,56,2010-12-01 11:52:00,0.0,,United Kingdom
"""


@pytest.fixture
def catalog(lab: Settings, spark: SparkSession, request: pytest.FixtureRequest) -> Iterator[Catalog]:
    made = SparkCatalog(replace(lab, data_root=f"/{request.node.name.split('[')[0]}"), spark)
    yield made
    made.storage.delete(made.settings.data_root)


def test_both_versions_of_online_retail_give_the_same_events(catalog: Catalog, tmp_path: Path) -> None:
    for name, text, added in (("first.csv", FIRST, 2), ("second.csv", SECOND, 0)):
        (tmp_path / name).write_bytes(text.encode("latin-1"))  # as the first version's CSV is
        made = job.ingest(catalog, inspect(tmp_path / name, load_mapping("online-retail")))
        assert (made.rows, made.clean, made.added, made.reasons) == (3, 2, added, {"no user_id": 1})
    rows = catalog.read("events").sort("event_time").collect()
    names = ("event_type", "product_id", "price", "quantity", "user_id", "user_session")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("purchase", "85123A", 2.55, 6, "17850", "536365"),
        ("refund", "D", 27.5, 1, "14527", "C536379"),
    ]
    assert f"{rows[0]['event_time']:%Y-%m-%d %H:%M}" == "2010-12-01 08:26"


def test_the_real_online_retail(catalog: Catalog) -> None:
    """Invoice lines: cancellations, missing customers, and what each customer paid."""
    path = real_file("online-retail/2009-2010.parquet")
    lines = pd.read_parquet(path)
    known = lines[lines["Customer ID"].notna()]
    once = known.drop_duplicates(["Invoice", "StockCode", "Quantity", "InvoiceDate", "Price", "Customer ID"])
    paid = (once["Quantity"] * once["Price"]).groupby(once["Customer ID"].astype(str)).sum()

    made = job.ingest(catalog, inspect(path, load_mapping("online-retail")))

    assert (made.rows, made.rejected, made.reasons) == (525_461, 107_927, {"no user_id": 107_927})
    assert (made.rows - made.rejected, made.clean, made.added) == (len(known), len(once), len(once))
    assert made.duplicates == len(known) - len(once) == 6_771
    assert made.months == sorted(set(lines["InvoiceDate"].str[:7]))
    events = catalog.read("events")
    counted = dict(events.groupBy("event_type").count().collect())
    assert counted == {"purchase": (once["Quantity"] > 0).sum(), "refund": (once["Quantity"] < 0).sum()}
    assert events.agg({"quantity": "min"}).collect()[0][0] == 1
    by_user = (
        sessions(touches(events)).groupBy("user_id").sum("revenue").toPandas().set_index("user_id")["sum(revenue)"]
    )
    assert len(by_user) == len(paid) == 4_383
    assert (by_user - paid).abs().max() < 0.005


def test_the_real_taobao(catalog: Catalog) -> None:
    """No price, no session, no header; favourites count as views."""
    path = real_file("taobao/one-day.csv")
    lines = pd.read_csv(path, header=None, names=["user", "item", "category", "what", "at"], dtype=str)
    rows = lines[:-1]  # the last is cut short: a time of 1970
    what = rows["what"].replace({"pv": "view", "fav": "view", "buy": "purchase"})
    once = rows.assign(what=what).drop_duplicates()
    at = once["at"].astype(int)
    silences = at.groupby(once["user"]).transform(lambda times: times.sort_values().diff()).gt(30 * 60)

    made = job.ingest(catalog, inspect(path, load_mapping("taobao")))

    assert (made.rows, made.rejected, made.clean) == (len(lines), 1, len(once))
    assert made.rows == made.clean + made.duplicates + made.rejected
    assert made.filled_sessions == len(rows)
    events = catalog.read("events")
    assert dict(events.groupBy("event_type").count().collect()) == once["what"].value_counts().to_dict()
    assert events.where("price is not null or quantity is not null").isEmpty()
    visits = sessions(touches(events)).toPandas()
    assert len(visits) == once["user"].nunique() + silences.sum()
    assert (visits["revenue"] == 0).all()
    assert events.selectExpr("min(unix_timestamp(event_time))").collect()[0][0] == at.min()
