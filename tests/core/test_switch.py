"""Tables whose files are replaced while somebody reads them, and whoever replaces them is killed."""

import io
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Event

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from shoplab.core import holders
from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog, struct
from shoplab.core.schemas import REJECTED, TABLES
from shoplab.core.settings import Settings
from shoplab.core.storage import Storage
from shoplab.core.switch import settle_all, switches
from shoplab.core.wait import wait_until
from tests.core.dying import DyingStorage, Killed

ROWS, FILES = 60, 3
WHOLE = "analysis/session_lengths"


@pytest.fixture
def catalog(lab: Settings, spark: SparkSession) -> Iterator[SparkCatalog]:
    root = f"/tests/switch-{time.time_ns()}"
    catalog = SparkCatalog(replace(lab, data_root=root), spark)
    yield catalog
    catalog.storage.delete(root)


def rejected(spark: SparkSession, made: int, files: tuple[str, ...] = ("a.csv", "b.csv")) -> DataFrame:
    """Of each file 60 lines whose reason says how often they were made."""
    rows = [(file, line, f"made {made}", "text") for file in files for line in range(ROWS)]
    return spark.createDataFrame(rows, struct(REJECTED)).repartition(FILES)


def lengths(spark: SparkSession, made: int) -> DataFrame:
    rows = [(length, made, made) for length in range(1, 51)]
    return spark.createDataFrame(rows, struct(TABLES[WHOLE])).repartition(FILES)


def by_pandas(catalog: SparkCatalog, dataset: str) -> list[tuple[object, ...]]:
    return list(catalog.table(dataset).itertuples(index=False, name=None))


def by_spark(catalog: SparkCatalog, dataset: str) -> list[tuple[object, ...]]:
    while True:
        try:
            return [tuple(row) for row in catalog.read(dataset).collect()]
        except (PySparkException, Py4JJavaError) as error:  # a frame that was made before the switch, read after it
            if "does not exist" not in str(error) and "FILE_NOT_EXIST" not in str(error):
                raise


@pytest.mark.parametrize("read", [by_pandas, by_spark])
def test_a_reader_sees_the_old_rows_or_the_new_ones(
    catalog: SparkCatalog, read: Callable[[SparkCatalog, str], list[tuple[object, ...]]]
) -> None:
    catalog.replace("rejected", rejected(catalog.spark, 0), "file")
    catalog.replace_whole(WHOLE, lengths(catalog.spark, 0))
    seen: list[tuple[frozenset[int], int, int, int]] = []
    ended = Event()

    def look() -> None:
        while not ended.is_set():
            parts, whole = read(catalog, "rejected"), read(catalog, WHOLE)
            each = frozenset(Counter(row[0] for row in parts).values())  # a line of both files, made when it may be
            seen.append((each, len(parts), len(whole), len({row[1:] for row in whole})))

    def has_seen(times: int) -> bool:
        return len(seen) >= times or reader.done()

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(look)
        try:
            for made in range(1, 5):
                catalog.replace("rejected", rejected(catalog.spark, made), "file")
                catalog.replace_whole(WHOLE, lengths(catalog.spark, made))
                wait_until(partial(has_seen, made), 120, "the reader sees nothing")
        finally:
            ended.set()
        reader.result()
    assert set(seen) == {(frozenset({2}), 2 * ROWS, 50, 1)}
    assert {row[1] for row in by_spark(catalog, "rejected")} == {"made 4"}


def test_partitions_that_get_no_new_rows_stay(catalog: SparkCatalog) -> None:
    catalog.replace("rejected", rejected(catalog.spark, 0), "file")
    catalog.replace("rejected", rejected(catalog.spark, 1, ("b.csv",)), "file")
    found = Counter((row[3], row[1]) for row in by_spark(catalog, "rejected"))
    assert found == {("a.csv", "made 0"): ROWS, ("b.csv", "made 1"): ROWS}


def stage(catalog: SparkCatalog, made: int) -> dict[str, str]:
    """Files as a part of `rejected` has them: name -> where they lie."""
    folder, staged = catalog.temp("staged"), {}
    for file in range(FILES):
        data = io.BytesIO()
        lines = pa.array(range(file * ROWS, file * ROWS + ROWS), pa.int64())
        pq.write_table(pa.table({"line": lines, "reason": [f"made {made}"] * ROWS, "raw": ["text"] * ROWS}), data)
        staged[f"part-{made}-{file}.parquet"] = f"{folder}/{file}"
        catalog.storage.write(f"{folder}/{file}", data.getvalue())
    return staged


def put(catalog: Catalog, name: str, staged: dict[str, str]) -> None:
    part = catalog.part("rejected", name)
    part.switch(staged, part.files())
    part.settle()


def versions(catalog: SparkCatalog) -> set[tuple[int, frozenset[object]]]:
    """Number of rows, and what they say, as each reader sees them."""
    some = catalog.read_partitions("rejected", "file", ["a.csv"]).collect()
    found = [by_spark(catalog, "rejected"), by_pandas(catalog, "rejected"), list(map(tuple, some))]
    return {(len(rows), frozenset(row[1] for row in rows)) for rows in found}


BEFORE = 2 + FILES  # changes before the moment: two pointers are written, and the files are moved


@pytest.mark.parametrize("killed_after", range(BEFORE + 1 + FILES + 1))
def test_a_switch_that_is_killed_leaves_the_old_rows_or_the_new_ones(catalog: SparkCatalog, killed_after: int) -> None:
    put(catalog, "file=a.csv", stage(catalog, 0))
    staged = stage(catalog, 1)
    dying = Catalog(catalog.settings)
    dying.storage = DyingStorage(catalog.settings, killed_after)
    with pytest.raises(Killed):
        put(dying, "file=a.csv", staged)
    made = 0 if killed_after <= BEFORE else 1
    assert versions(catalog) == {(FILES * ROWS, frozenset({f"made {made}"}))}
    put(catalog, "file=a.csv", stage(catalog, 2))
    assert versions(catalog) == {(FILES * ROWS, frozenset({"made 2"}))}
    assert len(catalog.storage.names(catalog.path("rejected", "file=a.csv"))) == FILES


def test_an_unpartitioned_table_too(catalog: SparkCatalog) -> None:
    put(catalog, "", stage(catalog, 0))
    dying = Catalog(catalog.settings)
    dying.storage = DyingStorage(catalog.settings, BEFORE + 2)
    with pytest.raises(Killed):
        put(dying, "", stage(catalog, 1))
    assert len(catalog.storage.names(catalog.path("rejected"))) == 2 * FILES  # with the pointers, less one deleted
    assert {row[1] for row in by_pandas(catalog, "rejected")} == {"made 1"}
    assert {row[2] for row in by_spark(catalog, "rejected")} == {"made 1"}  # `file` comes first where no folder has it
    settle_all(catalog.storage, catalog.path("rejected"))
    assert len(catalog.storage.names(catalog.path("rejected"))) == FILES + 1


def test_who_was_settled_by_another_meanwhile_does_not_switch(catalog: SparkCatalog) -> None:
    """As when its machine slept: its new files are gone, and the old ones are to stay."""
    put(catalog, "file=a.csv", stage(catalog, 0))
    part, staged = catalog.part("rejected", "file=a.csv"), stage(catalog, 1)
    sleeping = SleepingStorage(catalog.settings, lambda: part.settle())
    with pytest.raises(LabError):
        replace(part, storage=sleeping).switch(staged, part.files())
    assert versions(catalog) == {(FILES * ROWS, frozenset({"made 0"}))}


class SleepingStorage(Storage):
    """meanwhile: done before the moment."""

    def __init__(self, settings: Settings, meanwhile: Callable[[], None]) -> None:
        super().__init__(settings)
        self._meanwhile = meanwhile

    def swap(self, source: str, target: str) -> None:
        if ".partial" not in source:
            self._meanwhile()
        super().swap(source, target)


def test_after_a_switch_another_program_finds_the_same(catalog: SparkCatalog) -> None:
    for made in (0, 1):
        catalog.replace("rejected", rejected(catalog.spark, made), "file")
    assert catalog.spark.read.parquet(catalog.uri("rejected")).count() == 2 * ROWS
    assert not switches(catalog.storage, catalog.path("rejected")).ignored


def test_files_are_held_while_a_job_reads(catalog: SparkCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = Catalog(catalog.settings).holders
    with catalog.holders.holding():
        assert watcher.any()
    assert not watcher.any()


def test_a_job_that_was_killed_holds_them_for_a_while_and_one_that_lives_for_ever(
    catalog: SparkCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders, "DEAD_S", 1.0)
    monkeypatch.setattr(holders, "RENEW_S", 0.2)
    watcher = Catalog(catalog.settings).holders
    with catalog.holders.holding():
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert watcher.any()
            time.sleep(0.3)
    catalog.storage.write(catalog.path("temp", "holder-killed"), b"")
    assert watcher.any()
    wait_until(lambda: not watcher.any(), 10, "the killed one is waited for")
    assert catalog.storage.names(catalog.path("temp")) == []
