"""The catalog's tables as Spark DataFrames: read by their schemas, and replaced whole."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Event

from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import types as T

from shoplab.core.catalog import Catalog
from shoplab.core.schemas import TABLES, Table
from shoplab.core.settings import Settings
from shoplab.core.switch import Switches, looked

_TYPES: dict[str, T.DataType] = {
    "string": T.StringType(), "bigint": T.LongType(), "int": T.IntegerType(), "smallint": T.ShortType(),
    "double": T.DoubleType(), "timestamp": T.TimestampType(), "date": T.DateType(), "boolean": T.BooleanType(),
    "map<string,double>": T.MapType(T.StringType(), T.DoubleType(), valueContainsNull=False),
    "array<int>": T.ArrayType(T.IntegerType()), "array<tinyint>": T.ArrayType(T.ByteType()),
}  # fmt: skip

_PART = 8 << 20  # bytes of Parquet, some ten times as much in memory


@cache
def struct(table: Table) -> T.StructType:
    """The table's columns as Spark knows them."""
    return T.StructType([T.StructField(column.name, _TYPES[column.kind], column.nullable) for column in table.columns])


@contextmanager
def kept(table: DataFrame) -> Iterator[DataFrame]:
    """Computed once, in memory or on Spark's disk, for all that is counted from it meanwhile."""
    table = table.persist()
    try:
        yield table
    finally:
        table.unpersist()


def fit_shuffles(spark: SparkSession, size: int) -> None:
    """Shuffles from here on have as many parts as so many bytes of Parquet call for: a task costs 20 ms whatever it
    has. At least one for each core.
    """
    parts = max(spark.sparkContext.defaultParallelism, -(-size // _PART))
    spark.conf.set("spark.sql.shuffle.partitions", str(parts))


def side_by_side(jobs: Iterable[Callable[[], object]]) -> None:
    """Runs them two at a time: while Spark plans the one, the other's tasks run. After an error, none is begun."""
    failed = Event()

    def run(job: Callable[[], object]) -> None:
        with _setting(failed):
            if not failed.is_set():
                job()

    with ThreadPoolExecutor(2) as pool:
        begun = [pool.submit(run, job) for job in jobs]
        with _setting(failed):
            for job in begun:
                job.result()


@contextmanager
def _setting(failed: Event) -> Iterator[None]:
    """On any error, Ctrl-C among them."""
    try:
        yield
    except BaseException:
        failed.set()
        raise


class SparkCatalog(Catalog):
    """The catalog with a Spark session: its tables as DataFrames."""

    def __init__(self, settings: Settings, spark: SparkSession) -> None:
        super().__init__(settings)
        self.spark = spark

    def fit_shuffles(self, dataset: str) -> None:
        """For a job that reads the whole of it."""
        fit_shuffles(self.spark, self.storage.bytes_below(self.path(dataset)))

    def read(self, dataset: str, *parts: str) -> DataFrame:
        """A table, or the part of it below `parts`. LabError with the command that makes it, where it is empty."""
        self.need(dataset)
        return self._read(dataset, "/".join(parts))

    def read_partitions(self, dataset: str, column: str, values: list[str]) -> DataFrame:
        """The part of a table in these partitions, which must be there: Spark looks at no other folder."""
        return self._read(dataset, *[f"{column}={value}" for value in values])

    def read_version(self, dataset: str, folder: str) -> DataFrame:
        """The table in the directory of one version, which holds a manifest too."""
        reader = self.spark.read.schema(struct(TABLES[dataset])).option("pathGlobFilter", "*.parquet")
        return reader.parquet(self.settings.hdfs + folder)

    def _read(self, dataset: str, *places: str) -> DataFrame:
        """By one call of Spark, which lists these places, "" for the whole, before it returns."""

        def read(now: Switches) -> DataFrame:
            return self._reader(dataset).parquet(*[uri for place in places for uri in self._uris(now, dataset, place)])

        return looked(self.storage, self.path(dataset), read)

    def _uris(self, now: Switches, dataset: str, place: str) -> Iterator[str]:
        """Folders as they are, but for one that is being switched its files."""
        parts = [place] if place else []
        inside = [part for part in now.ignored if part == place or not place]
        if not inside:
            yield self.uri(dataset, *parts)
        elif inside == [place]:
            yield from (self.settings.hdfs + path for path in self._files(now, dataset, *parts))
        else:
            for name in self.storage.names(self.path(dataset)):
                if "=" in name:
                    yield from self._uris(now, dataset, name)

    def _reader(self, dataset: str) -> DataFrameReader:
        """With a fixed schema, so that a partition's value is never guessed to be a number or a date."""
        return self.spark.read.option("basePath", self.uri(dataset)).schema(struct(TABLES[dataset]))

    def stage(self, dataset: str, rows: DataFrame, partition: str) -> str:
        """Writes rows below /data/temp, laid out as the dataset will have them. Returns the path."""
        staged = self.temp(dataset)
        try:
            checked(dataset, rows).write.partitionBy(partition).parquet(self.settings.hdfs + staged)
        except BaseException:
            self.storage.delete(staged)
            raise
        return staged

    def adopt(self, dataset: str, staged: str) -> None:
        """Moves staged files to their place among the dataset's. They appear whole, one by one: a job killed half way
        is completed by running it again, provided it leaves out the rows that are already there.
        """
        for source in self.storage.walk(staged):
            place = source.removeprefix(f"{staged}/")
            if not place.rsplit("/", 1)[-1].startswith("_"):
                self.storage.move(source, self.path(dataset, place))
        self.storage.delete(staged)

    def replace(self, dataset: str, rows: DataFrame, partition: str) -> None:
        """Puts rows in place of the partitions they belong to, each in one moment; other partitions stay. For tables
        that can be made again.
        """
        staged = self.stage(dataset, rows, partition)
        for folder in self.storage.names(staged):
            if "=" in folder:
                self._put(f"{staged}/{folder}", dataset, folder)
        self.storage.delete(staged)

    def replace_whole(self, dataset: str, rows: DataFrame) -> None:
        """Puts rows in place of a whole unpartitioned table that can be made again."""
        staged = self.temp(dataset.replace("/", "-"))
        try:
            checked(dataset, rows).write.parquet(self.settings.hdfs + staged)
            self._put(staged, dataset)
        finally:
            self.storage.delete(staged)

    def _put(self, staged: str, dataset: str, name: str = "") -> None:
        """The files of a staged folder in place of a part's, in one moment."""
        part = self.part(dataset, name)
        if not self.storage.exists(part.folder):
            self.storage.move(staged, part.folder)
            return
        part.settle()
        new = {file: f"{staged}/{file}" for file in self.storage.names(staged) if not file.startswith("_")}
        part.switch(new, part.files())
        part.settle()


def checked(dataset: str, rows: DataFrame) -> DataFrame:
    """The rows themselves; TypeError where they are not of the dataset's schema, by names, order and types."""
    wanted = [(column.name, column.kind) for column in TABLES[dataset].columns]
    if rows.dtypes != wanted:
        wrong = sorted(set(rows.dtypes) ^ set(wanted)) or "the order of its columns"
        raise TypeError(f"{dataset} is not of its schema: {wrong}")
    return rows
