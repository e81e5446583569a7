import csv
import datetime as dt
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog, struct
from shoplab.core.schemas import SEGMENT
from shoplab.core.settings import Settings
from shoplab.segments.export import COLUMNS, check_target, write_segments
from shoplab.segments.job import SegmentRequest, segment
from shoplab.segments.model import load_model, read_segments
from shoplab.segments.summary import SegmentSummary
from tests.segments.user_rows import store_users, user_row

BOUGHT = dt.datetime(2019, 11, 2)
ROWS = [
    *(user_row(str(i), sessions=1 + i % 2, events=2 + i % 2) for i in range(20)),
    *(user_row(str(i), orders=3, sessions=5, events=30, carts=4, cart_rate=0.8, revenue=90.0 + i, last_purchase=BOUGHT,
               last_seen=BOUGHT, month="2019-11") for i in range(20, 26)),
]  # fmt: skip


@pytest.fixture(scope="module")
def catalog(lab: Settings, spark: SparkSession) -> Catalog:
    catalog = SparkCatalog(replace(lab, data_root="/segments-job"), spark)
    store_users(catalog, ROWS)
    return catalog


@pytest.fixture(scope="module")
def summary(catalog: Catalog) -> SegmentSummary:
    return segment(catalog, SegmentRequest(k=2))


def test_summary_and_manifest_tell_the_same(catalog: Catalog, summary: SegmentSummary) -> None:
    assert (summary.users, summary.as_of, summary.engine) == (26, "2019-11-02", "scikit-learn")
    loyal, rest = summary.segments
    assert (loyal.name, loyal.users, loyal.buyers, loyal.orders, loyal.sessions) == ("loyal", 6, 1.0, 3.0, 5.0)
    assert (rest.users, rest.buyers, rest.revenue) == (20, 0.0, 0.0)
    assert loyal.share + rest.share == 1
    assert summary.rfm["non-buyer"] == 20
    manifest = catalog.storage.read_json(catalog.current("segments") + "/manifest.json")
    assert manifest["segments"] == summary.to_dict()["segments"]
    assert (manifest["rfm"], manifest["model"]) == (summary.rfm, summary.version)


def test_table_has_a_row_per_user_and_the_model_can_be_loaded(catalog: Catalog, summary: SegmentSummary) -> None:
    table = read_segments(catalog)
    assert table.columns == SEGMENT.names
    rows = {row.user_id: row for row in table.collect()}
    assert set(rows) == {str(i) for i in range(26)}
    assert (rows["21"].recency_days, rows["21"].frequency, rows["21"].monetary) == (0, 3, 111.0)
    assert (rows["3"].r, rows["3"].rfm_class) == (None, "non-buyer")
    model = load_model(catalog)
    assert model.kmeans.names == tuple(row.name for row in summary.segments)
    assert model.rfm.as_of == summary.as_of


def test_reference_day_leaves_later_months_out(catalog: Catalog) -> None:
    earlier = segment(catalog, SegmentRequest(as_of=dt.date(2019, 10, 31), k=1))
    assert (earlier.users, earlier.as_of, earlier.rfm) == (20, "2019-10-31", {"non-buyer": 20})
    with pytest.raises(LabError, match="no users to segment up to 2019-09-30"):
        segment(catalog, SegmentRequest(as_of=dt.date(2019, 9, 30)))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_export_for_other_tools(spark: SparkSession, tmp_path: Path, suffix: str) -> None:
    bought = ("10", 3, 2, 9.5, 5, 4, 3, "champion", 0, "loyal", 0.25, 0.9, False)
    rows = [bought, ("9", None, 0, 0.0, None, None, None, "non-buyer", 1, "window shopper", 1.5, 0.8, False)]
    path = tmp_path / f"out{suffix}"
    assert write_segments(spark.createDataFrame(rows, struct(SEGMENT)).toPandas(), path) == 2
    got = pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path)
    assert got.columns.tolist() == COLUMNS
    assert got["user_id"].dtype == "int64"
    assert got["user_id"].tolist() == [9, 10]
    assert got["recency_days"].isna().tolist() == [True, False]
    assert got.loc[1, ["recency_days", "frequency", "monetary", "m", "distance"]].tolist() == [3, 2, 9.5, 3, 0.25]


def test_ids_that_are_not_all_numbers_stay_text(spark: SparkSession, tmp_path: Path) -> None:
    rows = [
        (user, None, 0, 0.0, None, None, None, "non-buyer", 0, "window shopper", 0.0, 0.5, False)
        for user in ("007", "8")
    ]
    write_segments(spark.createDataFrame(rows, struct(SEGMENT)).toPandas(), tmp_path / "out.parquet")
    assert pd.read_parquet(tmp_path / "out.parquet")["user_id"].tolist() == ["007", "8"]


def test_a_csv_computes_nothing_in_a_spreadsheet(spark: SparkSession, tmp_path: Path) -> None:
    evil = ["\t=1", "+1", "-1+1", "=1+1", "@SUM(A1)"]
    rows = [
        (user, None, 0, -0.5, None, None, None, "non-buyer", 0, "window shopper", 0.0, 0.5, False)
        for user in [*evil, "a=1", "b\r=1"]
    ]
    table = spark.createDataFrame(rows, struct(SEGMENT)).toPandas()
    write_segments(table, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    assert [row["user_id"] for row in written] == [*(f"'{user}" for user in evil), "a=1", r"b\x0d=1"]
    assert {row["monetary"] for row in written} == {"-0.5"}  # a number is one
    write_segments(table, tmp_path / "out.parquet")
    assert pd.read_parquet(tmp_path / "out.parquet")["user_id"].tolist() == [*evil, "a=1", "b\r=1"]


def test_bad_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"\.parquet or \.csv"):
        check_target(tmp_path / "out.xlsx")
    with pytest.raises(LabError, match="no directory"):
        check_target(tmp_path / "nowhere" / "out.csv")
