"""Both protocols from files to files, on made-up shops too small to say who is best."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from pyspark.sql import SparkSession

from shoplab.cli import cli
from shoplab.core.errors import LabError
from shoplab.events.mapping import load_mapping
from shoplab.events.sources import inspect
from shoplab.recommend.evaluate.ablation import SAMPLE
from shoplab.recommend.evaluate.protocols import EvaluationRequest, evaluate_split
from shoplab.recommend.evaluate.readers import read_events
from tests.data import DAYS, csv_file, raw_line


def sessions(count: int, seed: int, first: int = 0) -> list[str]:
    """Each goes up by one from a random item of twenty, four clicks long."""
    starts = np.random.default_rng(seed).integers(20, size=count)
    return [",".join(str(first + (start + step) % 20) for step in range(4)) for start in starts]


def run(folder: Path, train: list[str], test: list[str], *more: str) -> str:
    (folder / "train.txt").write_text("\n".join(train) + "\n")
    (folder / "test.txt").write_text("\n".join(test) + "\n")
    files = ["--train", str(folder / "train.txt"), "--test", str(folder / "test.txt")]
    outputs = ["--out", str(folder / "recs.parquet"), "--json", str(folder / "figures.json")]
    done = CliRunner().invoke(cli, ["evaluate", "next-item", *files, *outputs, *more], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_sessions_from_file_to_file(tmp_path: Path) -> None:
    test = [*sessions(15, 2), "", "5", "5,6,99"]
    printed = run(tmp_path, sessions(300, 1), test, "--top", "3", "--no-ablation")
    table = pq.read_table(tmp_path / "recs.parquet").to_pandas()
    assert len(table) == 15 * 3 + 2
    last = table[table["session"] == 18]
    assert last["position"].tolist() == [2, 3]
    assert (table["items"].map(len) == 3).all()
    follow = table[(table["session"] == 18) & (table["position"] == 2)]["items"].iloc[0]
    assert 6 in follow
    figures = json.loads((tmp_path / "figures.json").read_text())
    rows = {row["name"]: row["measures"]["recall@20"]["value"] for row in figures["rows"]}
    assert {"covisits", "neighbours", "als", "fixed blend", "learned blend", "implicit BPR"} <= rows.keys()
    assert rows["covisits"] == pytest.approx((len(table) - 1) / len(table))  # all but item 99
    assert "after the first click" in printed
    assert "test lines are training lines too" in printed


def test_a_catalogue_all_new_and_sessions_of_one_item_end_well(tmp_path: Path) -> None:
    printed = run(tmp_path, sessions(40, 1), sessions(5, 2, first=100), "--no-ablation")
    assert "all figures are 0" in printed
    printed = run(tmp_path, sessions(40, 1), ["3", "4"], "--no-ablation")
    assert "0 lists" in printed
    assert pq.read_table(tmp_path / "recs.parquet").num_rows == 0


def test_next_month_from_events(spark: SparkSession, tmp_path: Path) -> None:
    """Users 0 to 29 each keep to a shelf; 30 is a newcomer."""
    rng = np.random.default_rng(4)

    def visits(day: int, users: range) -> list[str]:
        return [
            raw_line(f"2019-10-{day:02} 10:{step:02}:{user:02} UTC", ("view", "cart")[step % 2],
                     f"{10 * (user % 3) + rng.integers(10)}", user=f"u{user}", session=f"{day}-{user}")
            for user in users for step in range(4)
        ]  # fmt: skip

    train = csv_file(tmp_path / "train.csv", *[line for day in range(1, 8) for line in visits(day, range(30))])
    test = csv_file(tmp_path / "test.csv", *visits(9, range(31)))
    mapping = load_mapping("rees46")
    sources = inspect(train, mapping), inspect(test, mapping)
    split = read_events(spark, sources, DAYS, True, 7, lambda _: None)
    out = tmp_path / "recs.parquet"
    found = evaluate_split(split, EvaluationRequest("next-month", train, test, 5, out, None, 7, True), lambda _: None)
    table = pq.read_table(out).to_pandas().set_index("user_id")
    assert len(table) == 31
    assert len(table.loc["u30", "items"]) == 5
    assert (table["items"].map(len) == table["scores"].map(len)).all()
    assert table["scores"].map(lambda scores: (np.diff(scores) <= 0).all()).all()
    own = [
        sum(10 * (n % 3) <= int(item) < 10 * (n % 3) + 10 for item in table.loc[f"u{n}", "items"]) for n in range(30)
    ]
    assert np.mean(own) > 4
    assert {one.source for one in found.removed} == set(found.ranker.names)
    assert found.ablated == 31 < SAMPLE
    assert {one.name for one in found.board.slices} >= {"user met in training", "newcomer", "item met before"}


def test_bad_targets_are_told_before_anything_is_read(tmp_path: Path) -> None:
    command = ["evaluate", "next-month", "--train", "no.csv", "--test", "no.csv", "--out", str(tmp_path / "recs.txt")]
    done = CliRunner().invoke(cli, command)
    assert isinstance(done.exception, LabError)
    assert "ends in .parquet" in str(done.exception)
