"""The generator's promises on form: bytes, rows, columns, order, sessions, funnel, formats, bad input."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from shoplab.core.errors import LabError
from shoplab.core.schemas import RAW_COLUMNS
from shoplab.events.generator import generate
from shoplab.events.generator import output as generator_output
from shoplab.events.generator.calibration import read_events


@pytest.fixture(scope="module")
def october(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    path = tmp_path_factory.mktemp("october") / "october.csv"
    generate(path, "2019-10", 60_000)
    return read_events(path)


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    def made(name: str, **changes: int) -> bytes:
        generate(tmp_path / name, "2019-10", 5_000, **changes)
        return (tmp_path / name).read_bytes()

    first = made("a.csv")
    assert made("b.csv") == first
    assert made("c.csv", seed=7) != first
    assert made("a.csv.gz") == made("b.csv.gz")


@pytest.mark.parametrize("events", [1, 2, 100, 20_001])
def test_writes_exactly_the_rows_asked_for(tmp_path: Path, events: int) -> None:
    made = generate(tmp_path / "m.csv", "2020-02", events, truth=tmp_path / "t.csv")
    rows, truth = pd.read_csv(tmp_path / "m.csv"), pd.read_csv(tmp_path / "t.csv")
    assert len(rows) == made.rows == events
    assert tuple(rows.columns) == RAW_COLUMNS
    assert set(truth["user_id"]) == set(rows["user_id"])
    assert rows["user_session"].nunique() == made.sessions
    assert truth["user_id"].is_unique
    assert len(truth) == made.users
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["m.csv", "t.csv"]


@pytest.mark.parametrize(("month", "last_day"), [("2020-02", "29"), ("2019-11", "30"), ("2021-12", "31")])
def test_times_lie_in_the_month_and_are_sorted(tmp_path: Path, month: str, last_day: str) -> None:
    generate(tmp_path / "m.csv", month, 20_000)
    text = pd.read_csv(tmp_path / "m.csv")["event_time"]
    assert text.str.fullmatch(rf"{month}-\d\d \d\d:\d\d:\d\d UTC").all()
    assert text.is_monotonic_increasing
    assert text.str[8:10].max() == last_day
    assert text.str[8:10].min() == "01"


def test_columns_are_those_of_the_real_log(october: pd.DataFrame) -> None:
    assert set(october["event_type"]) == {"view", "cart", "purchase"}
    assert (
        october["user_session"]
        .str.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
        .all()
    )
    assert october["price"].between(0, 2574.07).all()
    assert october.groupby("product_id")[["category_id", "brand", "price"]].nunique(dropna=False).max().max() == 1
    assert not october.duplicated(["user_session", "at", "event_type", "product_id"]).any()


def test_parquet_holds_the_same_events(tmp_path: Path) -> None:
    generate(tmp_path / "m.csv", "2019-11", 3_000)
    generate(tmp_path / "m.parquet", "2019-11", 3_000, truth=tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "m.csv"), pq.read_table(tmp_path / "m.parquet").to_pandas(), check_dtype=False
    )
    assert pq.read_table(tmp_path / "t.parquet").column_names == ["user_id", "profile"]


def test_gzip_holds_the_same_text(tmp_path: Path) -> None:
    generate(tmp_path / "m.csv", "2019-10", 3_000)
    generate(tmp_path / "m.csv.gz", "2019-10", 3_000)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "m.csv"), pd.read_csv(tmp_path / "m.csv.gz"))


def test_sessions_of_a_user_do_not_overlap(october: pd.DataFrame) -> None:
    spans = october.groupby(["user_id", "user_session"])["at"].agg(["min", "max"]).reset_index()
    spans = spans.sort_values(["user_id", "min"])
    idle = spans["min"] - spans.groupby("user_id")["max"].shift()
    assert idle.min() > 30 * 60
    assert october.groupby("user_session")["user_id"].nunique().max() == 1


def test_a_thirty_minute_gap_finds_the_sessions_again(october: pd.DataFrame) -> None:
    by_user = october.sort_values(["user_id", "at"], kind="stable")
    gap = by_user.groupby("user_id")["at"].diff()
    found = (gap.isna() | (gap > 30 * 60)).sum()
    true = october["user_session"].nunique()
    assert true < found < true * 1.005  # a few tabs stay open for hours, as in the real log


def test_carts_and_purchases_follow_a_view_of_the_product(october: pd.DataFrame) -> None:
    first = october.assign(order=np.arange(len(october))).pivot_table(
        index=["user_session", "product_id"], columns="event_type", values="order", aggfunc="min", observed=True
    )
    carted, bought = first.dropna(subset=["cart"]), first.dropna(subset=["purchase"])
    assert (carted["view"] < carted["cart"]).all()
    assert (bought["view"] < bought["purchase"]).all()
    assert 0.4 < bought["cart"].notna().mean() < 0.9


@pytest.mark.parametrize("month", ["2019-13", "2019-1", "october", "1999-10", ""])
def test_refuses_what_is_no_month(tmp_path: Path, month: str) -> None:
    with pytest.raises(LabError, match=r"not a month.*--month 2019-10"):
        generate(tmp_path / "m.csv", month, 10)


@pytest.mark.parametrize("events", [0, -5, 10**9])
def test_refuses_absurd_numbers_of_events(tmp_path: Path, events: int) -> None:
    with pytest.raises(LabError, match="--events 1 to 100,000,000"):
        generate(tmp_path / "m.csv", "2019-10", events)


@pytest.mark.parametrize("name", ["m.json", "m.gz", "nowhere/m.csv", "folder.csv"])
def test_refuses_targets_it_cannot_write(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(LabError, match="cannot"):
        generate(tmp_path / name, "2019-10", 10)


def test_refuses_to_put_the_truth_over_the_events(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="truth"):
        generate(tmp_path / "m.csv", "2019-10", 10, truth=tmp_path / "m.csv")


def test_refuses_a_full_disk_before_it_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator_output.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000))
    with pytest.raises(LabError, match="disk nearly full"):
        generate(tmp_path / "m.csv", "2019-10", 10)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_nothing_and_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.csv").write_text("old")

    def fails(_: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        generate(tmp_path / "m.csv", "2019-10", 10, progress=fails)
    monkeypatch.setattr(generator_output.Renderer, "csv", lambda *_: fails(0, 0))
    with pytest.raises(LabError, match="No space left on device"):
        generate(tmp_path / "m.csv", "2019-10", 10)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("m.csv", "old")]


def test_progress_ends_at_its_total(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    generate(tmp_path / "m.csv", "2019-10", 1_000, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (2_000, 2_000)
