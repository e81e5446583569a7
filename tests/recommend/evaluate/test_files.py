"""recs.parquet as other tools find it."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoplab.core.errors import LabError
from shoplab.recommend.data.products import Product, Products
from shoplab.recommend.evaluate import files

LISTS = np.array([[1, 0], [0, -1], [-1, -1]])


def products(*ids: str) -> Products:
    return Products(tuple(Product(name, None, None, None, None) for name in ids))


def test_next_item_of_whole_numbers(tmp_path: Path) -> None:
    items = files.item_ids(products("10", "7"), whole_numbers=True)
    files.write(
        files.next_item_table(np.array([1, 1, 3]), np.array([2, 3, 2]), LISTS, items), tmp_path / "recs.parquet"
    )
    table = pq.read_table(tmp_path / "recs.parquet")
    assert table.schema.types == [pa.int64(), pa.int64(), pa.list_(pa.int64())]
    assert table["items"].to_pylist() == [[7, 10], [10], []]
    assert [path.name for path in tmp_path.iterdir()] == ["recs.parquet"]


def test_next_month_keeps_scores_beside_their_items() -> None:
    items = files.item_ids(products("a", "b"), whole_numbers=False)
    scores = np.array([[0.9, 0.5], [0.4, 0], [0, 0]], dtype=np.float32)
    table = files.next_month_table(("u", "v", "w"), LISTS, scores, items)
    assert table["items"].to_pylist() == [["b", "a"], ["a"], []]
    assert [len(row) for row in table["scores"].to_pylist()] == [2, 1, 0]
    assert table.schema.field("scores").type == pa.list_(pa.float64())


@pytest.mark.parametrize("ids", [("007", "8"), ("1", "x"), ("1", "99999999999999999999")])
def test_ids_that_no_number_gives_back_stay_text(ids: tuple[str, str]) -> None:
    assert files.item_ids(products(*ids), whole_numbers=True).type == pa.string()


def test_a_target_that_can_not_be_written_is_one_line(tmp_path: Path) -> None:
    for path, said in [(tmp_path / "no" / "recs.parquet", "no directory"), (tmp_path / "recs.csv", "ends in .parquet")]:
        with pytest.raises(LabError, match=said):
            files.check_target("--out", path, ".parquet")
