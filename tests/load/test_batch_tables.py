"""Every table of `./lab analyse` is the one that DuckDB makes in SQL of its own."""

from pathlib import Path

import duckdb
import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplab.behaviour import paths
from shoplab.behaviour.bought import bought
from shoplab.behaviour.facts import read_facts
from shoplab.behaviour.habits import discounts, habits
from shoplab.behaviour.products import products
from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.tables import TABLES, Inputs
from shoplab.behaviour.touches import touches, with_look
from shoplab.behaviour.users import users
from shoplab.events.generator import generate
from shoplab.load.batch.digest import digest
from shoplab.load.batch.reference import Reference
from tests.data import good_events

LARGE = ("events", "sessions", "users", "habits", "analysis/products")
NAMES = (*LARGE, *(f"analysis/{name}" for name in TABLES if name != "sequences"))


@pytest.fixture(scope="module")
def october(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("october") / "2019-10.csv"
    generate(path, "2019-10", 30_000, seed=5)
    return path


@pytest.fixture(scope="module")
def reference(october: Path, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    made = Reference(tmp_path_factory.mktemp("reference"))
    made.ingest(october)
    made.analyse()
    return made


@pytest.fixture(scope="module")
def ours(spark: SparkSession, october: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of Parquet for each table, by the job's own steps."""
    folder = tmp_path_factory.mktemp("ours")

    def made(name: str, table: DataFrame) -> DataFrame:
        """As it is read back: on top of all that it was made from, each further call would take Spark a second."""
        table.coalesce(1).write.parquet((folder / name).as_uri())
        return spark.read.parquet((folder / name).as_uri())

    events = made("events", good_events(spark, october))
    by_product = made("analysis/products", products(events))
    touched = made("touches", with_look(touches(events), by_product))
    by_session = made("sessions", sessions(touched))
    by_user = made("users", users(touched, by_session))
    paid = made("bought", bought(events, by_session, by_product))
    kept_to = made("habits", habits(by_session, touched, paid, discounts(events, by_product)))
    facts = read_facts(by_product, by_session, by_user)
    walks = made("walks", paths.walks(events, by_user, facts.top_categories))
    inputs = Inputs(events, by_session, by_user, kept_to, touched, paid, walks, facts)
    for name in TABLES.keys() - {"sequences"}:
        made(f"analysis/{name}", TABLES[name](inputs))
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_the_references(ours: Path, reference: Reference, name: str) -> None:
    theirs = reference.digest(name)
    assert theirs.rows > 0
    mine = digest(duckdb.connect(), name, f"read_parquet('{ours / name}/*.parquet')")
    assert mine.difference(theirs) == ""


def test_a_difference_is_named(reference: Reference) -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE visits AS SELECT '2019-10' AS month, 1 AS visits, 5 AS users, 2 AS buyers")
    one = digest(connection, "analysis/visits", "visits")
    assert one.difference(one) == ""
    assert "rows" in one.difference(reference.digest("analysis/visits"))
    connection.execute("UPDATE visits SET buyers = 3")
    assert one.difference(digest(connection, "analysis/visits", "visits")) == "their rows"
