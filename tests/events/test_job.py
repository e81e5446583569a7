"""The ingest job on the real HDFS of the running lab, each test in a data root of its own."""

import gzip
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from shoplab.behaviour.columns import revenue
from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog
from shoplab.core.settings import Settings
from shoplab.events import job, rejects
from shoplab.events.mapping import Mapping, load_mapping
from shoplab.events.sources import inspect
from tests.data import csv_file, raw_line, real_file

REES46 = load_mapping("rees46")


@pytest.fixture
def catalog(lab: Settings, spark: SparkSession, request: pytest.FixtureRequest) -> Iterator[Catalog]:
    made = SparkCatalog(replace(lab, data_root=f"/{request.node.name.split('[')[0]}"), spark)
    yield made
    made.storage.delete(made.settings.data_root)


def test_the_real_slices_add_up_and_a_second_time_adds_nothing(catalog: Catalog) -> None:
    october = real_file("rees46/2019-Oct-slice.csv")
    first = job.ingest(catalog, inspect(october, REES46))
    assert (first.rows, first.clean, first.duplicates, first.rejected, first.added) == (17_435, 17_429, 5, 1, 17_429)
    assert first.line().startswith("2019-Oct-slice.csv: 17,435 rows = 17,429 clean + 5 exact duplicates + 1 rejected")
    second = job.ingest(catalog, inspect(october, REES46))
    assert (second.clean, second.added) == (17_429, 0)
    november = job.ingest(catalog, inspect(real_file("rees46/2019-Nov-slice-noheader.csv"), REES46))
    assert (november.rows, november.added, november.months) == (683, 683, ["2019-11"])

    events = catalog.read("events")
    assert events.count() == 18_112
    assert events.where("price = 0").count() > 0
    assert catalog.partitions("events") == ["2019-10-01", "2019-11-01"]
    [bad] = catalog.read("rejected").collect()
    assert (bad["file"], bad["line"], bad["reason"]) == (october.name, 17_436, "wrong number of columns")
    raw = catalog.path("raw", "month=2019-10", october.name)
    assert catalog.storage.read(raw) == october.read_bytes()
    assert catalog.storage.names(catalog.path("temp")) == []


def test_every_kind_of_file_gives_the_same_events(catalog: Catalog, tmp_path: Path) -> None:
    lines = [raw_line(product=str(number), brand="", session=f"s{number}") for number in range(50)]
    plain = csv_file(tmp_path / "a.csv", *lines)
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    zipped = tmp_path / "a.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.write(plain, "first.csv")
        archive.write(csv_file(tmp_path / "b.csv", raw_line(product="more")), "folder/second.csv")
    parquet = tmp_path / "a.parquet"
    pd.read_csv(plain).to_parquet(parquet)
    assert job.ingest(catalog, inspect(plain, REES46)).added == 50
    assert job.ingest(catalog, inspect(packed, REES46)).added == 0
    assert job.ingest(catalog, inspect(zipped, REES46)).added == 1
    assert job.ingest(catalog, inspect(parquet, REES46)).added == 0


def test_other_columns_by_a_map_and_sessions_by_the_gap(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("who;what;when;paid\nu1;85123A;10/1/2019 8:00;2.5\nu1;71053;10/1/2019 8:10;3\nu1;71053;x;3\n")
    columns = {"user_id": "who", "product_id": "what", "event_time": "when", "price": "paid"}
    mapping = Mapping(columns, {"event_type": "purchase"}, time_format="M/d/yyyy H:mm", delimiter=";")
    made = job.ingest(catalog, inspect(path, mapping))
    assert (made.clean, made.rejected, made.filled_sessions) == (2, 1, 2)
    rows = catalog.read("events").sort("event_time").collect()
    assert [(row["product_id"], row["price"], row["user_session"]) for row in rows] == [
        ("85123A", 2.5, "u1-20191001T080000"),
        ("71053", 3.0, "u1-20191001T080000"),
    ]


def test_events_stored_before_there_were_quantities_are_read_and_known_again(catalog: Catalog, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", raw_line(), raw_line(kind="purchase"))
    job.ingest(catalog, inspect(path, REES46))
    old = catalog.spark.createDataFrame(catalog.read("events").drop("quantity").collect())
    catalog.storage.delete(catalog.path("events"))
    old.write.partitionBy("date").parquet(catalog.uri("events"))
    events = catalog.read("events")
    assert [row["quantity"] for row in events.collect()] == [None, None]
    assert events.agg(revenue()).collect()[0][0] == 9.99
    again = job.ingest(catalog, inspect(path, REES46))
    assert (again.clean, again.added) == (2, 0)


def test_a_month_that_comes_in_two_files_is_whole(catalog: Catalog, tmp_path: Path) -> None:
    first = csv_file(tmp_path / "a.csv", raw_line(), raw_line(product="2"))
    second = csv_file(tmp_path / "b.csv", raw_line(product="2"), raw_line(product="3", time="2019-10-02 00:00:00 UTC"))
    job.ingest(catalog, inspect(first, REES46))
    assert job.ingest(catalog, inspect(second, REES46)).added == 1
    assert sorted(row[0] for row in catalog.read("events").select("product_id").collect()) == ["1", "2", "3"]


def test_another_file_of_the_same_name_does_not_replace_the_first(catalog: Catalog, tmp_path: Path) -> None:
    first = csv_file(tmp_path / "a.csv", raw_line())
    (tmp_path / "later").mkdir()
    second = csv_file(tmp_path / "later" / "a.csv", raw_line(product="2"))
    job.ingest(catalog, inspect(first, REES46))
    job.ingest(catalog, inspect(second, REES46))
    folder = catalog.path("raw", "month=2019-10")
    stored = {name: catalog.storage.read(f"{folder}/{name}") for name in catalog.storage.names(folder) if "csv" in name}
    assert sorted(stored.values()) == sorted([first.read_bytes(), second.read_bytes()])
    assert stored["a.csv"] == first.read_bytes()


@pytest.mark.parametrize("max_rejected", [0.5, 1.0])
def test_a_file_of_bad_rows_is_refused_whole(catalog: Catalog, tmp_path: Path, max_rejected: float) -> None:
    path = csv_file(tmp_path / "a.csv", *[raw_line(kind="look")] * 3)
    with pytest.raises(LabError, match=r"3 of 3 rows are bad: unknown event_type \(3\)"):
        job.ingest(catalog, inspect(path, REES46), max_rejected)
    assert catalog.storage.walk(catalog.settings.data_root) == []


def test_a_full_disk_is_seen_before_anything_is_written(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(LabError, match="the disk is nearly full"):
        job.ingest(catalog, inspect(csv_file(tmp_path / "a.csv", raw_line()), REES46))
    assert catalog.storage.walk(catalog.settings.data_root) == []


def test_a_job_killed_while_files_move_is_completed_by_a_second_run(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [raw_line(time=f"2019-10-{day:02} 00:00:00 UTC", product=str(day)) for day in range(1, 6)]
    path = csv_file(tmp_path / "a.csv", *days)
    move, moved = catalog.storage.move, []

    def dies_half_way(source: str, target: str) -> None:
        if "/events/" in target and len(moved) == 2:
            raise KeyboardInterrupt
        moved.append(target)
        move(source, target)

    monkeypatch.setattr(catalog.storage, "move", dies_half_way)
    with pytest.raises(KeyboardInterrupt):
        job.ingest(catalog, inspect(path, REES46))
    monkeypatch.undo()
    assert catalog.read("events").count() == 2
    again = job.ingest(catalog, inspect(path, REES46))
    assert (again.clean, again.added) == (5, 3)
    assert catalog.read("events").count() == 5


def test_rejected_rows_are_listed_exported_mended_and_taken_again(
    catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = csv_file(tmp_path / "a [1].csv", raw_line(), raw_line(price="cheap"), raw_line(kind="look", product="2"))
    path.write_bytes(path.read_bytes() + raw_line(brand="Nestl\xe9").encode("latin-1") + b"\n")
    job.ingest(catalog, inspect(path), max_rejected=0.9)
    rejects.show_files(catalog, None)
    rejects.show_rows(catalog, path.name, "PRICE", 20)
    shown = capsys.readouterr().out
    assert "unknown event_type" in shown
    assert "cheap" in shown
    said = rejects.export(catalog, path.name, None, tmp_path / "mended.csv")
    assert said.startswith(f"{tmp_path / 'mended.csv'}: 3 rows")
    header, *lines = (tmp_path / "mended.csv").read_bytes().splitlines()
    assert [header, *lines] == [line for line in path.read_bytes().splitlines() if line != raw_line().encode()]
    mended = b"\n".join([header, *lines]).replace(b"cheap", b"5").replace(b"look", b"view").replace(b"\xe9", b"e")
    (tmp_path / "mended.csv").write_bytes(mended)
    assert job.ingest(catalog, inspect(tmp_path / "mended.csv")).added == 3
    with pytest.raises(LabError, match="is there already"):
        rejects.export(catalog, path.name, None, tmp_path / "mended.csv")
    with pytest.raises(LabError, match="has no rejected rows"):
        rejects.show_rows(catalog, "b.csv", None, 20)


def test_rejected_rows_of_parquet_are_exported_by_its_own_names(catalog: Catalog, tmp_path: Path) -> None:
    lines = pd.read_csv(csv_file(tmp_path / "a.csv", raw_line(), raw_line(price="-1")), dtype=str)
    lines.rename(columns={"user_id": "visitor"}).to_parquet(tmp_path / "a.parquet")
    mapping = Mapping({"user_id": "visitor"})
    job.ingest(catalog, inspect(tmp_path / "a.parquet", mapping))
    rejects.export(catalog, "a.parquet", None, tmp_path / "mended.jsonl")
    (tmp_path / "mended.jsonl").write_text((tmp_path / "mended.jsonl").read_text().replace('"-1"', '"1"'))
    assert job.ingest(catalog, inspect(tmp_path / "mended.jsonl", mapping)).added == 1


@pytest.mark.parametrize("name", ["a:b.csv", ".hidden.csv", "a\nb.csv", "{x}*?.csv", "%41 #.csv", "\\.csv", "é😀.csv"])
def test_any_file_name_is_taken(catalog: Catalog, tmp_path: Path, name: str) -> None:
    made = job.ingest(catalog, inspect(csv_file(tmp_path / name, raw_line(), raw_line(kind="look"))))
    assert (made.added, made.rejected) == (1, 1)
    assert len(catalog.storage.names(catalog.path("raw", "month=2019-10"))) == 2  # the file, and its account's folder
    [file] = rejects.files(catalog)
    assert file == catalog.read("rejected").collect()[0]["file"]
    assert "\n" not in made.line()


def test_a_file_that_changes_while_it_is_read_leaves_nothing(catalog: Catalog, tmp_path: Path) -> None:
    source = inspect(csv_file(tmp_path / "a.csv", raw_line(), raw_line(product="2")))
    csv_file(tmp_path / "a.csv", raw_line())
    with pytest.raises(LabError, match="was changed while it was read"):
        job.ingest(catalog, source)
    assert catalog.storage.walk(catalog.settings.data_root) == []
