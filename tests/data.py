"""Rows that tests make up, and the real files that lie beside the repository on some machines."""

import datetime as dt
import tempfile
from pathlib import Path

import orjson
import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplab.core.frames import struct
from shoplab.core.schemas import EVENT, RAW_COLUMNS
from shoplab.core.settings import REPO
from shoplab.events import clean, rows_spark
from shoplab.events.mapping import Mapping
from shoplab.events.rows_python import sent_records
from shoplab.events.sources import inspect

DAYS = ("2000-01-01", "2030-12-31")  # that events of tests may be of
REAL_DATA = REPO.parent / "shared" / "data"
# Spark's options where tables have a few rows: compiling a plan takes longer than running it.
FEW_ROWS = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


def real_file(name: str) -> Path:
    """A real file, or a skip with a word."""
    path = REAL_DATA / name
    if not path.exists():
        pytest.skip(f"real data {name} is not on this machine")
    return path


def raw_line(time: str = "2019-10-01 00:00:00 UTC", kind: str = "view", product: str = "1", category_id: str = "10",
             category: str = "electronics.smartphone", brand: str = "acme", price: str = "9.99", user: str = "7",
             session: str = "s1") -> str:  # fmt: skip
    """A line of a REES46 file."""
    return ",".join([time, kind, product, category_id, category, brand, price, user, session])


def csv_file(path: Path, *lines: str, header: bool = True, end: str = "\n") -> Path:
    """A CSV file with these lines."""
    text = end.join([",".join(RAW_COLUMNS), *lines] if header else lines) + end
    path.write_bytes(text.encode())
    return path


CLICKS = ["view", "view", "cart", "view", "purchase"]


def month_file(path: Path, month: int, events: int) -> Path:
    """A month of 2019: sessions of five events by 60 users in turn, with an order in each, so that there are enough
    buyers to say what they are worth. Every fourth session has no cart.
    """
    return csv_file(path, *[
        raw_line(time=f"2019-{month}-{1 + n // 60:02} 10:{n % 60:02}:00 UTC",
                 kind="view" if n // 5 % 4 == 3 and n % 5 == 2 else CLICKS[n % 5], product=str(n % 12),
                 price=str(5 + n % 12), user=str(n // 5 % 60), session=f"{month}-{n // 5}")
        for n in range(events)
    ])  # fmt: skip


def good_events(spark: SparkSession, path: Path) -> DataFrame:
    """As ingest leaves them, without the way over HDFS."""
    return clean.good(typed_rows(spark, path)).distinct().cache()


def typed_rows(spark: SparkSession, path: Path, mapping: Mapping | None = None) -> DataFrame:
    """A file's rows as the jobs have them after cleaning, good and bad."""
    source = inspect(path, mapping)
    uris = [staged.as_uri() for staged, _ in rows_spark.staged(source, Path(tempfile.mkdtemp(prefix="rows-")))]
    return clean.typed(rows_spark.read_staged(spark, uris, source), source.mapping, DAYS)


def sent_rows(path: Path, mapping: Mapping | None = None) -> list[dict[str, str]]:
    """The values of the records that a replay of the file sends."""
    return [orjson.loads(record.value) for record in sent_records(inspect(path, mapping))]


def event(time: str, kind: str = "view", product: str = "p1", user: str = "u1", session: str = "s1",
          price: float | None = 10.0, category: str | None = "electronics.phone", brand: str | None = "acme",
          category_id: str = "c1", quantity: int | None = None) -> tuple[object, ...]:  # fmt: skip
    """An EVENT row; time as "10-01 12:00:00" of 2019, UTC."""
    at = dt.datetime.strptime(f"2019-{time}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=dt.UTC)
    return (at, kind, product, category_id, category, brand, price, quantity, user, session, at.date())


def event_frame(spark: SparkSession, *rows: tuple[object, ...]) -> DataFrame:
    return spark.createDataFrame(list(rows), struct(EVENT))
