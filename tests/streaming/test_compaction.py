"""Small files of events become few: nothing is lost, doubled or changed, whenever it is killed."""

import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog
from shoplab.core.settings import Settings
from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.audit.files import differences
from shoplab.streaming.audit.stored import stored
from shoplab.streaming.compaction import MERGED, Compaction
from shoplab.streaming.events_file import events_file, events_name
from shoplab.streaming.lease import stream_lease
from shoplab.streaming.memory import from_stored
from shoplab.streaming.publish import Publisher
from shoplab.streaming.state.levels import no_levels
from tests.core.dying import DyingStorage, Killed
from tests.streaming.laid import BEFORE, DAY, compacted, lay, names, rows, table


@pytest.fixture
def catalog(lab: Settings, tmp_path: Path) -> Iterator[Catalog]:
    root = f"/tests/compaction-{time.time_ns()}"
    catalog = Catalog(replace(lab, data_root=root, home=tmp_path))
    yield catalog
    catalog.storage.delete(root)


def test_days_have_few_files_and_the_same_rows(catalog: Catalog) -> None:
    accounts = lay(catalog, range(46))
    catalog.storage.write(catalog.path("events", f"date={DAY}", "part-0.snappy.parquet"), one_file(catalog, 3))
    before = {day: table(catalog, day) for day in (BEFORE, DAY)}
    kinds = pq.read_schema(io.BytesIO(one_file(catalog, 0)))
    compacted(catalog, accounts)
    first = events_name(0, 25)
    assert names(catalog) == ["part-0.snappy.parquet", first, *map(events_name, range(26, 46))]
    assert len(names(catalog)) <= 24 >= len(names(catalog, BEFORE))
    assert {day: table(catalog, day) for day in (BEFORE, DAY)} == before
    merged = pq.ParquetFile(io.BytesIO(catalog.storage.read(catalog.path("events", f"date={DAY}", first))))
    assert merged.schema_arrow.remove_metadata() == kinds.remove_metadata()
    assert merged.schema.equals(pq.ParquetFile(io.BytesIO(one_file(catalog, 30))).schema)
    assert merged.num_row_groups == 1
    assert verified(catalog, accounts) == ({}, [], {})


def one_file(catalog: Catalog, batch: int) -> bytes:
    return catalog.storage.read(catalog.path("events", f"date={DAY}", events_name(batch)))


def verified(catalog: Catalog, accounts: list[BatchAccount]) -> tuple[object, object, object]:
    found = differences(catalog, accounts)
    return found.gone, found.strays, found.spoilt


SWITCHED = (
    2 + 4
)  # changes up to the moment: of staged files, a delete and the upload; two pointers, a move, the moment itself


@pytest.mark.parametrize("killed_after", range(SWITCHED + 3 + 1))
def test_wherever_it_is_killed_all_rows_are_there_once(catalog: Catalog, soon: None, killed_after: int) -> None:
    accounts = lay(catalog, range(4))
    before = {day: table(catalog, day) for day in (BEFORE, DAY)}
    dying = Catalog(catalog.settings)
    dying.storage = DyingStorage(catalog.settings, killed_after)
    with pytest.raises(Killed):
        compacted(dying, accounts[-1:])
    assert {day: table(catalog, day) for day in (BEFORE, DAY)} == before
    assert verified(catalog, accounts) == ({}, [], {})
    assert (events_name(0, 2) in names(catalog)) == (killed_after >= SWITCHED)
    accounts += lay(catalog, range(4, 8))
    compacted(catalog, accounts[-4:])
    merged = [file for name in names(catalog) if (file := events_file(name)) and file.is_merged]
    assert len(merged) <= MERGED
    assert len(names(catalog)) <= 5
    assert sorted(catalog.storage.names(catalog.path("events", f"date={DAY}"))) == sorted(names(catalog))
    assert verified(catalog, accounts) == ({}, [], {})


def test_files_that_a_job_may_have_listed_stay(catalog: Catalog, soon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = lay(catalog, range(5))
    listed = catalog.files("events")
    with catalog.holders.holding():
        compacted(catalog, accounts)
        assert catalog.files("events") == listed
    mine = Compaction(catalog, stream_lease(catalog, catalog.settings))
    answers = iter([False, False, True])  # one begins while files are merged
    with monkeypatch.context() as patched:
        patched.setattr(catalog.holders, "any", lambda: next(answers))
        mine.take(accounts[-1])
    assert names(catalog) == [events_name(0, 3), events_name(4)]
    assert [path for path in listed if catalog.storage.exists(path)] == listed
    compacted(catalog, accounts[-1:])  # the next stream
    assert catalog.storage.names(catalog.path("events", f"date={DAY}")) == names(catalog)


def test_what_is_not_as_accounted_for_is_left_to_verify(catalog: Catalog, soon: None) -> None:
    accounts = lay(catalog, range(4))
    Publisher(catalog).write_events(1, DAY, rows(1, DAY, 1))
    with pytest.raises(LabError, match=r"stream-0000000001\.parquet is not what its account says"):
        compacted(catalog, accounts[-1:])
    assert len(names(catalog)) == 4


def test_a_merged_file_that_lacks_rows_is_found(catalog: Catalog, soon: None) -> None:
    accounts = lay(catalog, range(5))
    compacted(catalog, accounts[-1:])
    [path] = [path for path in catalog.files("events") if path.endswith(events_name(0, 3))]
    catalog.storage.write(path, b"no parquet")
    pieces = {(batch, DAY) for batch in range(4)}
    assert verified(catalog, accounts) == (dict.fromkeys(pieces, 0), [], {path: pieces})


def test_a_file_of_a_batch_that_was_merged_is_a_stray(catalog: Catalog, soon: None) -> None:
    accounts = lay(catalog, range(5))
    compacted(catalog, accounts[-1:])
    Publisher(catalog).write_events(2, DAY, rows(2, DAY, 3))
    assert verified(catalog, accounts) == ({}, [catalog.path("events", f"date={DAY}", events_name(2))], {})
    assert stored(catalog, [DAY]).doubles == {DAY: 3}


def test_the_memory_before_a_batch_leaves_out_what_a_merged_file_has_of_later_ones(
    catalog: Catalog, spark: SparkSession, soon: None
) -> None:
    accounts = lay(catalog, range(6))
    with_spark = SparkCatalog(catalog.settings, spark)
    counted = [_users(with_spark, batch) for batch in range(7)]
    compacted(catalog, accounts[-1:])
    assert names(catalog) == [events_name(0, 4), events_name(5)]
    assert [_users(with_spark, batch) for batch in range(7)] == counted
    assert counted[0] < counted[3] < counted[6]


def _users(catalog: SparkCatalog, batch: int) -> int:
    state = from_stored(catalog, batch, no_levels())
    return sum(len(table) for _, table in state.users.tables())
