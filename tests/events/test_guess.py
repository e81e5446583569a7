"""Whose columns are these? Known shops are told by themselves; for others a map is written to edit."""

import os
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from shoplab.core.errors import LabError
from shoplab.core.vocabulary import NAMES
from shoplab.events.map_schema import schema
from shoplab.events.map_writer import draft
from shoplab.events.mapping import MAPS, Mapping, load_mapping, shipped
from shoplab.events.sources import inspect
from tests.data import csv_file, raw_line, sent_rows

SCHEMA = Path("map.schema.json")
SHOPS = {
    "rees46": raw_line() + "\n",
    "taobao": "7,1,10,pv,1569888000\n7,1,10,buy,1569888060\n",
    "retailrocket": "timestamp,visitorid,event,itemid,transactionid\n1569888000123,7,addtocart,1,\n",
    "online-retail": "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
    "5,1,x,2,2019-10-01 00:00:00,2.5,7.0,UK\n",
    "otto": '{"session":7,"events":[{"aid":1,"ts":1569888000000,"type":"clicks"},'
    '{"aid":2,"ts":1569888000000,"type":"orders"}]}\n',
    "baskets": "order_id,user_id,product_id,order_time,department\n5,7,1,2019-10-01 00:00:00,snacks\n",
}


@pytest.mark.parametrize("name", SHOPS)
def test_a_known_shop_is_told_by_its_columns_and_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").write_text(SHOPS[name])
    source = inspect(tmp_path / "a")
    rows = sent_rows(tmp_path / "a")
    assert source.map_name == name
    assert any(name in remark for remark in source.remarks) == (name != "rees46")
    assert {row["user_id"].removesuffix(".0") for row in rows} == {"7"}
    assert {row["event_time"][:19] for row in rows} == {"2019-10-01 00:00:00"} | (
        {"2019-10-01 00:01:00"} if name == "taobao" else set()
    )
    assert {row["event_type"] for row in rows} <= set(NAMES)


def test_every_map_that_ships_has_a_shop_here() -> None:
    assert set(SHOPS) == set(shipped())


def test_five_columns_of_numbers_are_not_taken_for_taobao(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("7,1,10,5,1569888000\n" * 3)
    with pytest.raises(LabError, match=r"\./lab map FILE"):
        inspect(tmp_path / "a")


def test_instacarts_own_tables_are_named_with_what_they_lack(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("order_id,product_id,add_to_cart_order,reordered\n1,2,3,0\n")
    with pytest.raises(LabError, match="without times and users: join"):
        inspect(tmp_path / "a")


def test_a_written_map_reads_the_file_it_was_written_for(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text(
        "When;Customer No;SKU;Action;Unit Price;Colour\n31/10/2019 8:05;7;A1;add_to_cart;2.5;red\n"
        "31/10/2019 8:06;7;A1;looked;2.5;red\n"
    )
    text, missing = draft(path, SCHEMA)
    assert missing == ["user_id"]  # "Customer No" is no name that is known
    text = text.replace("# user_id:  # none was found (needed)", 'user_id: "Customer No"').replace(
        '# "looked":  # which is it?', '"looked": view'
    )
    (tmp_path / "shop.map.yaml").write_text(text)
    rows = sent_rows(path, load_mapping(str(tmp_path / "shop.map.yaml")))
    assert [(row["event_time"], row["event_type"], row["user_id"], row["price"]) for row in rows] == [
        ("2019-10-31 08:05:00 UTC", "cart", "7", "2.5"),
        ("2019-10-31 08:06:00 UTC", "view", "7", "2.5"),
    ]
    assert '# not used: "Colour", such as red' in text


def test_maps_are_written_for_files_of_every_kind(tmp_path: Path) -> None:
    (tmp_path / "bare.csv").write_text("2019-10-01 00:00:00,7,1\n")
    (tmp_path / "lines.jsonl").write_text('{"user":"7","item":"1","ts":1569888000}\n')
    pq.write_table(pa.table({"visitor": ["7"], "sku": ["1"], "at": [1569888000000]}), tmp_path / "a.parquet")
    for name in ("bare.csv", "lines.jsonl", "a.parquet"):
        made = yaml.safe_load(draft(tmp_path / name, SCHEMA)[0])
        assert "event_time" in made["columns"] or made["names"] == ["column_1", "column_2", "column_3"]
        assert made["constants"] == {"event_type": "purchase"}
    assert draft(csv_file(tmp_path / "known.csv", raw_line()), SCHEMA)[0].count("rees46")


def test_the_editors_schema_knows_the_keys_and_fits_the_maps() -> None:
    assert set(schema()["properties"]) == {field.name for field in fields(Mapping)}
    for name in shipped():
        jsonschema.validate(yaml.safe_load((MAPS / f"{name}.yaml").read_text()), schema())
    with pytest.raises(jsonschema.ValidationError, match="'look' is not one of"):
        jsonschema.validate({"event_types": {"pv": "look"}}, schema())


def test_a_column_that_the_map_names_and_the_file_has_not_is_said(tmp_path: Path) -> None:
    source = inspect(csv_file(tmp_path / "a.csv", raw_line()), Mapping({"brand": "Brnad"}))
    words = 'brand is empty: there is no column "Brnad" (is it "brand"? ./lab map writes a map that says so)'
    assert source.remarks == [words]


def test_a_price_or_a_quantity_of_another_name_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    lines = csv_file(tmp_path / "a.csv", raw_line()).read_text().splitlines()
    (tmp_path / "b.csv").write_text(f"{lines[0].replace('price', 'Price (USD)')},Qty\n{lines[1]},2\n")
    remarks = inspect(tmp_path / "b.csv").remarks
    assert [words.split("?")[0] for words in remarks] == [
        'price is empty: there is no column "price" (is it "Price (USD)"',
        'quantity is empty: there is no column "quantity" (is it "Qty"',
    ]


@pytest.mark.parametrize(
    "content", [b"{a}\n", b"\xff\xfe\x00\x01", b"", b"x\n", b'{"a":[1,2]}\n', b"a\xe2\x80\xa8b,c\n1,2\n"]
)
def test_a_map_of_anything_is_one_line_or_yaml(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with suppress(LabError):
        assert isinstance(yaml.safe_load(draft(tmp_path / "a", SCHEMA)[0]), dict)


def test_a_map_of_no_file_is_one_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none", tmp_path, tmp_path / "pipe", tmp_path / ("x" * 300)):
        with pytest.raises(LabError):
            draft(path, SCHEMA)


def test_a_map_of_damaged_parquet_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1]}), file)
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(LabError, match="is damaged; fetch it again"):
        draft(file, SCHEMA)
