"""Event files read without a lab: order, duplicates, zips, what is refused and what is said."""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings
from shoplab.events.mapping import load_mapping
from shoplab.events.sources import inspect
from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.log import Log
from shoplab.recommend.evaluate.readers import Split, read_events, read_split
from tests.data import DAYS, csv_file, raw_line

MAPPING = load_mapping("rees46")


def at(clock: str, product: str, user: str = "7", session: str = "s1", kind: str = "view", day: int = 1,
       brand: str = "acme", category: str = "electronics.phone") -> str:  # fmt: skip
    return raw_line(f"2019-10-{day:02} {clock} UTC", kind, product, brand=brand, category=category, user=user,
                    session=session)  # fmt: skip


def split_of(spark: SparkSession, train: Path, test: Path, by_user: bool = False) -> Split:
    return read_events(spark, (inspect(train, MAPPING), inspect(test, MAPPING)), DAYS, by_user, 7, lambda _: None)


def products(log: Log) -> list[str]:
    return ["?" if row < 0 else log.products[row].product_id for row in log.items]


LATER = at("10:00:00", "3", session="s9", day=2)


def test_visits_are_those_that_training_makes_and_exact_duplicates_count_once(
    spark: SparkSession, tmp_path: Path
) -> None:
    """By time, within a second by event type and product, whatever the file's order."""
    lines = [at("10:00:00", product) for product in "9415926"]
    train = csv_file(
        tmp_path / "train.csv", *lines, lines[1], at("09:00:00", "3"), at("11:00:00", "2", kind="purchase")
    )
    split = split_of(spark, train, csv_file(tmp_path / "test.csv", LATER, at("10:01:00", "77", session="s9", day=2)))
    assert products(split.train) == list("3124569" + "2")  # the second 9 is an exact duplicate as well
    assert [CURRENT.types[kind] for kind in split.train.kinds] == ["view"] * 7 + ["purchase"]
    assert products(split.test) == ["3", "?"]
    assert split.test.visit_ids == ("s9",)
    assert split.train.products.find("3").brand == "acme"  # type: ignore[union-attr]


def test_a_zip_of_events_without_category_brand_and_session(spark: SparkSession, tmp_path: Path) -> None:
    """What is no view, cart or purchase is left out, but a visit goes on through it."""
    kinds = {"10:00:00": "view", "10:25:00": "remove_from_cart", "10:50:00": "view", "12:00:00": "purchase"}
    bare = [at(clock, "1", session="", kind=kind, brand="", category="") for clock, kind in kinds.items()]
    with zipfile.ZipFile(tmp_path / "oct.zip", "w") as archive:
        archive.write(csv_file(tmp_path / "oct.csv", *bare), "oct.csv")
    split = split_of(spark, tmp_path / "oct.zip", csv_file(tmp_path / "test.csv", LATER))
    assert products(split.train) == ["1", "1", "1"]
    assert split.train.starts.tolist() == [0, 2, 3]
    assert split.train.products.find("1").brand is None  # type: ignore[union-attr]


def test_test_before_train_is_refused_with_both_times(spark: SparkSession, tmp_path: Path) -> None:
    first, later = csv_file(tmp_path / "a.csv", at("10:00:00", "1")), csv_file(tmp_path / "b.csv", LATER)
    with pytest.raises(LabError, match=r"begins at 2019-10-01 10:00:00 UTC, before .* ends at 2019-10-02 10:00:00 UTC"):
        split_of(spark, later, first)


def test_sessions_on_both_sides_and_a_catalogue_all_new_are_said(spark: SparkSession, tmp_path: Path) -> None:
    train = csv_file(tmp_path / "train.csv", at("10:00:00", "1"))
    test = csv_file(tmp_path / "test.csv", at("10:05:00", "8"), at("11:00:00", "9", session="s2", user="8"))
    split = split_of(spark, train, test)
    assert split.repeated == 1
    assert any("1 of 2 test sessions" in note for note in split.notes)
    assert any("all figures are 0" in note for note in split.notes)


def test_by_user_finds_segments_and_parts_shared_sessions(spark: SparkSession, tmp_path: Path) -> None:
    """Users 0 to 14 looked once, in a session they share; 15 to 29 came day by day and bought."""
    few = [at(f"10:{n:02}:{i:02}", str(n), user=str(n), session="shared") for n in range(15) for i in range(1 + n % 3)]
    many = [at(f"{11 + step}:00:{n:02}", str(step), user=str(n), session=f"{day}-{n}", day=day,
               kind=("view", "cart", "purchase")[step]) for n in range(15, 30) for day in range(1, 5 + n % 5)
            for step in range(3)]  # fmt: skip
    train = csv_file(tmp_path / "train.csv", *few, *many)
    test = csv_file(tmp_path / "test.csv", at("10:00:00", "3", day=20))
    split = split_of(spark, train, test, by_user=True)
    assert sum(name.startswith("shared of ") for name in split.train.visit_ids) == 15
    assert split.segments is not None
    of = dict(zip(split.train.user_ids, split.segments.of.tolist(), strict=True))
    assert {of[str(n)] for n in range(15)}.isdisjoint({of[str(n)] for n in range(15, 30)})


def test_bad_rows_are_counted_and_a_bad_file_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    good = [at("10:00:00", "1"), at("10:00:01", "2")]
    later = csv_file(tmp_path / "test.csv", LATER)
    split = split_of(spark, csv_file(tmp_path / "some.csv", *good, raw_line(kind="click")), later)
    assert split.notes[0] == "some.csv: 1 of 3 rows left out: unknown event_type (1)"
    with pytest.raises(LabError, match=r"2 of 3 rows are bad: event_time is not a time \(2\)"):
        split_of(spark, csv_file(tmp_path / "bad.csv", good[0], *[raw_line("soon")] * 2), later)


@pytest.mark.parametrize("lines", [[], [at("10:00:00", "1", kind="remove_from_cart")]])
def test_nothing_to_learn_from_is_one_line(spark: SparkSession, tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(LabError, match=r"no rows|no view, cart or purchase"):
        split_of(spark, csv_file(tmp_path / "train.csv", *lines), csv_file(tmp_path / "test.csv", LATER))


def test_two_files_of_unlike_kinds_are_refused_before_spark_starts(settings: Settings, tmp_path: Path) -> None:
    events, sessions = csv_file(tmp_path / "train.csv", LATER), tmp_path / "test.txt"
    sessions.write_text("1,2\n")
    nowhere = replace(settings, cache=tmp_path / "no-jars")
    with pytest.raises(LabError, match="two of one kind"):
        read_split(nowhere, events, sessions, False, None, 7, lambda _: None)
    with pytest.raises(LabError, match=r"use: \./lab evaluate next-item"):
        read_split(nowhere, sessions, sessions, True, None, 7, lambda _: None)
