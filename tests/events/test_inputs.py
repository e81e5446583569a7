"""Every input of the corpus, read as ingest reads it and as replay sends it and the stream reads it: the right values,
each bad row's reason, or one line that refuses the file. All files of a map are cleaned in one go.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplab.core.errors import LabError
from shoplab.core.schemas import SOURCE_COLUMNS
from shoplab.events import clean
from shoplab.events.mapping import REES46, Mapping, given, load_mapping
from shoplab.events.rows import ROWS
from shoplab.events.rows_python import sent_records
from shoplab.events.rows_spark import readable
from shoplab.events.sources import SourceFile, inspect
from shoplab.recommend.evaluate.events import read_good
from shoplab.streaming.records import read_records
from tests.data import DAYS
from tests.events.corpus import CASES, Case
from tests.events.corpus.case import Outcome
from tests.streaming.kafka_records import NOW

WAYS = ("ingest", "replay")
_CLASS_NAMES = re.compile(r"\w+(Error|Exception)\b|\b(java|org|pyarrow|Traceback)\b")
_RECORDS = "value binary, topic string, partition int, offset bigint, timestamp timestamp"


@dataclass
class Read:
    """What came of all cases. refused: by name. outcomes: by way and name, in the rows' order."""

    refused: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, dict[str, list[Outcome]]] = field(default_factory=lambda: {way: {} for way in WAYS})


def cleaned(spark: SparkSession, table: pa.Table, mapping: Mapping, path: Path) -> DataFrame:
    """Rows of many files with `source`, their case's place, as ingest cleans them."""
    pq.write_table(table, path)
    return clean.typed(spark.read.parquet(path.as_uri()), mapping, DAYS)


def collect(rows: DataFrame, place: str) -> dict[int, list[Outcome]]:
    """Outcomes by the place of their case."""
    found: dict[int, list[Outcome]] = {}
    at = F.col("event_time").cast("string").alias("event_time")
    columns = [F.col(name) for name in SOURCE_COLUMNS if name != "event_time"]
    table = rows.select(F.expr(place).cast("int").alias("case"), "line", "reason", at, *columns).toArrow()
    for row in table.sort_by([("case", "ascending"), ("line", "ascending")]).to_pylist():
        outcome = row["reason"] or {name: row[name] for name in SOURCE_COLUMNS}
        found.setdefault(row["case"], []).append(outcome)
    return found


def opened(case: Case, folder: Path) -> SourceFile:
    """The file, looked at and read to its end."""
    folder.mkdir()
    name = None
    if case.map:
        (folder / "map.yaml").write_text(case.map)
        name = str(folder / "map.yaml")
    (folder / "file").mkdir()
    return inspect(case.make(folder / "file"), given(name))


@dataclass
class Staged:
    """Rows of all cases. tables: by the map that cleans them. records: (place, line, value)."""

    tables: list[tuple[Mapping, list[pa.Table]]] = field(default_factory=list)
    records: list[tuple[bytes, str, int, int, object]] = field(default_factory=list)

    def add(self, place: int, source: SourceFile) -> None:
        table = pa.Table.from_batches(list(source.rows()), ROWS)
        order = pa.array(range(table.num_rows), pa.int64())  # of a zip's members each counts its own lines
        table = table.set_column(0, "line", order).append_column(
            "source", pa.array([place] * table.num_rows, pa.int64())
        )
        self._of(cleaning(source.mapping)).append(table)
        sent = [record.value for record in sent_records(source)]
        self.records += [(value, "events", place, line, NOW) for line, value in enumerate(sent)]

    def _of(self, mapping: Mapping) -> list[pa.Table]:
        known = next((tables for other, tables in self.tables if other == mapping), None)
        if known is None:
            known = []
            self.tables.append((mapping, known))
        return known


def cleaning(mapping: Mapping) -> Mapping:
    """What of a map matters to cleaning."""
    return Mapping(event_types=mapping.event_types, time_format=mapping.time_formats, decimal=mapping.decimal)


@pytest.fixture(scope="module")
def read(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Read:
    folder, found, staged = tmp_path_factory.mktemp("corpus"), Read(), Staged()
    for place, case in enumerate(CASES):
        try:
            staged.add(place, opened(case, folder / str(place)))
        except LabError as error:
            found.refused[case.name] = str(error)
        except Exception as error:
            found.refused[case.name] = f"{type(error).__name__}, and no line: {error}"
    for number, (mapping, tables) in enumerate(staged.tables):
        rows = cleaned(spark, pa.concat_tables(tables), mapping, folder / f"{number}.parquet")
        for place, outcomes in collect(rows, "source").items():
            found.outcomes["ingest"][CASES[place].name] = outcomes
    sent = read_records(spark.createDataFrame(staged.records, _RECORDS), load_mapping(REES46), DAYS)
    for place, outcomes in collect(sent.withColumnRenamed("offset", "line"), "partition").items():
        found.outcomes["replay"][CASES[place].name] = outcomes
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_input(read: Read, case: Case, way: str) -> None:
    if case.refused:
        line = read.refused.get(case.name, "")
        assert case.refused in line, (line, read.outcomes[way].get(case.name))
        assert len(line.splitlines()) == 1
        assert not _CLASS_NAMES.search(line), line
        return
    assert case.name not in read.refused, read.refused[case.name]
    assert read.outcomes[way].get(case.name, []) == list(case.rows)


def test_evaluation_reads_as_ingest(spark: SparkSession, tmp_path: Path) -> None:
    """Its reader takes ingest's own steps; a file with good and bad rows stands for all."""
    [case] = [case for case in CASES if case.name == "ragged.csv"]
    source, said = opened(case, tmp_path / "case"), list[str]()
    with readable(source) as uris:
        good = read_good(spark, source, uris, DAYS, said.append).select("product_id", "user_id").collect()
    wanted = [row for row in case.rows if isinstance(row, dict)]
    assert sorted(map(tuple, good)) == sorted((row["product_id"], row["user_id"]) for row in wanted)
    assert said == ["ragged.csv: 4 of 10 rows left out: wrong number of columns (4)"]


def test_every_stored_input_is_in_the_corpus() -> None:
    stored = {path.name for path in (Path(__file__).parent / "inputs").iterdir() if path.suffix != ".yaml"}
    assert {name for name in stored if not any(case.name.startswith(name) for case in CASES)} == set()


def test_names_are_different() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
