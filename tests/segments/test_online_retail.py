"""RFM of a real shop's invoices, cancellations included, against pandas."""

import datetime as dt

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession

from shoplab.behaviour.products import products
from shoplab.behaviour.users import users_of
from shoplab.events import clean
from shoplab.events.mapping import load_mapping
from shoplab.segments.history import user_history
from shoplab.segments.rfm import apply_rfm, fit_rfm
from tests.data import real_file, typed_rows
from tests.segments.rfm_scores import add_scores

COLUMNS = ["recency_days", "frequency", "monetary", "r", "f", "m"]


def by_pandas(lines: pd.DataFrame) -> pd.DataFrame:
    """Grain: one customer. A line counts once; negative quantities are money back and nothing else."""
    kept = ["Invoice", "StockCode", "Quantity", "InvoiceDate", "Price", "Customer ID"]
    lines = lines.dropna(subset=["Customer ID"])[kept].drop_duplicates()
    lines["InvoiceDate"] = pd.to_datetime(lines["InvoiceDate"])
    lines["user_id"] = lines["Customer ID"].astype(int).astype(str)
    paid = (lines["Quantity"] * lines["Price"]).groupby(lines["user_id"]).sum()
    bought = lines[lines["Quantity"] > 0].groupby("user_id")
    as_of = lines["InvoiceDate"].max().normalize()
    table = pd.DataFrame({"monetary": paid})
    table["recency_days"] = (as_of - bought["InvoiceDate"].max().dt.normalize()).dt.days
    table["frequency"] = bought["Invoice"].nunique()
    return add_scores(table).sort_index()


def test_every_customers_values_and_class(spark: SparkSession) -> None:
    path = real_file("online-retail/2009-2010.parquet")
    events = clean.good(typed_rows(spark, path, load_mapping("online-retail"))).distinct().persist()
    history = user_history(users_of(events, products(events)))
    expected = by_pandas(pd.read_parquet(path))

    got = apply_rfm(fit_rfm(history, dt.date(2010, 12, 9)), history).toPandas().set_index("user_id").sort_index()

    events.unpersist()
    assert len(got) == 4_383
    assert got.index.tolist() == expected.index.tolist()
    for name in COLUMNS:
        np.testing.assert_allclose(got[name].astype(float), expected[name].astype(float), atol=0.005, err_msg=name)
    assert got["rfm_class"].tolist() == expected["rfm_class"].tolist()
