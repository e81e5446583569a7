"""The only place that makes a Spark session."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from shoplab.core.errors import ServiceError
from shoplab.core.listen import UNREACHABLE_BY_SPARK, is_free
from shoplab.core.settings import REPO, Settings
from shoplab.core.toolchain import jars, java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


SECRET = "/run/lab-secrets/spark.conf"  # of the Docker lab's cluster
_ADAPTIVE = "org.apache.spark.sql.execution.adaptive"
_kept: "list[SparkSession]" = []  # at most one


def start_spark(settings: Settings, app: str) -> "SparkSession":
    """A session with UTC, HDFS as default file system and the Kafka source.

    Under spark-submit, and in the Docker lab's notebooks, master, memory and class path are those given there.
    Otherwise Spark runs on `settings.spark_master` inside this process, with its log in .lab/logs/spark.log.
    """
    log = settings.log_dir / "spark.log"
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ  # by spark-submit
    configuration = _semantics(settings)
    if settings.lab == "cluster" and not submitted:
        _join_cluster(settings)
        submitted = True
    if not submitted:
        _set_environment(settings)
        configuration |= _own_process(settings)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName(f"shoplab {app}")
    for key, value in configuration.items():
        builder = builder.config(key, value)
    with nullcontext() if submitted else _stderr_to(log):  # the JVM inherits it: warnings not between our lines
        try:
            return builder.getOrCreate()
        except Exception as error:
            hint = "./lab doctor" if submitted else f"its log: {log}"
            raise ServiceError(f"Spark did not start: {_reason(error)}; {hint}") from error


def _reason(error: Exception) -> str:
    """Py4J says what Java said in its second line."""
    lines = [line.strip() for line in str(error).splitlines()] or [type(error).__name__]
    return next((line.removeprefix(": ") for line in lines if line.startswith(": ")), lines[0])


def _join_cluster(settings: Settings) -> None:
    """Lets PySpark start its driver as images/spark/submit does: a notebook is a client of the cluster like any job."""
    address = socket.gethostbyname(socket.gethostname())
    os.environ["PYSPARK_SUBMIT_ARGS"] = (
        f"--properties-file {SECRET} --load-spark-defaults --driver-memory {settings.driver_memory} "
        f"--executor-memory {settings.executor_memory} --conf spark.driver.host={address} pyspark-shell"
    )


def _semantics(settings: Settings) -> dict[str, str]:
    """What the jobs rely on, wherever they run."""
    return {
        "spark.hadoop.fs.defaultFS": settings.hdfs,
        "spark.hadoop.dfs.replication": "1",
        # As in images/hadoop/conf/hdfs-site.xml: closing a small file is a matter of milliseconds, not of 400
        "spark.hadoop.dfs.client.block.write.locateFollowingBlock.initial.delay.ms": "10",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "16",  # jobs that know how much they read say it: frames.fit_shuffles
        # A job's plans bring some hundreds of generated classes; beyond this many they are compiled again and again
        "spark.sql.codegen.cache.maxEntries": "2000",
        # A plan that turns out empty would be cut short, and with it the counts that an Observation was to bring
        "spark.sql.adaptive.optimizer.excludedRules": f"{_ADAPTIVE}.AQEPropagateEmptyRelation",
        # Sets and modes per session or user: sorted only where a task meets more groups than this, not from 128 on
        "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "100000",
        # Two cores share three parts of 64 MB badly
        "spark.sql.adaptive.advisoryPartitionSizeInBytes": "16m",
        # Tables in parts by user are joined by user and month as they lie
        "spark.sql.requireAllClusterKeysForCoPartition": "false",
        # Folders are listed by the driver; from 32 on Spark would start a job for it
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # Else each call that makes a column looks through the stack for its line, milliseconds each, for error messages
        "spark.python.sql.dataFrameDebugging.enabled": "false",
        "spark.sql.warehouse.dir": (settings.home / "tmp" / "warehouse").as_uri(),
    }


def _own_process(settings: Settings) -> dict[str, str]:
    """Master, memory, addresses and class path of a Spark that this process starts."""
    own = {
        "spark.master": settings.spark_master,
        "spark.driver.memory": settings.driver_memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        # Spark's generated methods are often huge; left to Java's interpreter, cleaning events takes four times as long
        "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -XX:+UseParallelGC -XX:-DontCompileHugeMethods",
        "spark.jars": ",".join(str(jar) for jar in jars.ensure(settings, "spark-kafka")),
        "spark.local.dir": str(settings.home / "tmp"),
        "spark.ui.showConsoleProgress": "false",
    }
    return own | _page(settings) | _event_log(settings)


def _event_log(settings: Settings) -> dict[str, str]:
    """What each job did, in a file that is written once it has ended."""
    if not settings.spark_events:
        return {}
    folder = Path(settings.spark_events).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return {"spark.eventLog.enabled": "true", "spark.eventLog.dir": folder.as_uri(), "spark.eventLog.compress": "false"}


def _page(settings: Settings) -> dict[str, str]:
    """Where its page listens: a port that no browser opens, behind the lab's door; no page where all are taken. It
    answers whoever asks, and would end jobs for them.
    """
    row = UNREACHABLE_BY_SPARK if settings.spark_own_port in UNREACHABLE_BY_SPARK else ()
    free = next((port for port in (settings.spark_own_port, *row) if is_free("127.0.0.1", port)), None)
    if free is None:
        return {"spark.ui.enabled": "false"}
    retries = row[-1] - free if row else 0  # another driver may be faster: then the next one, and none beyond them
    return {"spark.ui.port": str(free), "spark.port.maxRetries": str(retries), "spark.ui.killEnabled": "false"}


@contextmanager
def spark_session(settings: Settings, app: str) -> "Iterator[SparkSession]":
    """A session that is stopped at the end; in a process that keeps one, that."""
    if _kept:
        try:
            yield _kept[0]
        finally:
            _kept[0].catalog.clearCache()
        return
    session = start_spark(settings, app)
    try:
        yield session
    finally:
        session.stop()


@contextmanager
def keep_spark(settings: Settings) -> "Iterator[SparkSession]":
    """For the time of a block `spark_session` gives one and the same session to one job after the other."""
    with spark_session(replace(settings, spark_own_port=settings.driver_own_port), "driver") as session:
        _kept.append(session)
        try:
            yield session
        finally:
            _kept.clear()


def _set_environment(settings: Settings) -> None:
    (settings.home / "tmp").mkdir(parents=True, exist_ok=True)
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "JAVA_HOME": str(java.spark_java_home(settings)),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_CONF_DIR": str(REPO / "images" / "spark" / "conf"),
        "SHOPLAB_SPARK_LOG": str(settings.log_dir / "spark.log"),
        "TZ": "UTC",
    }


@contextmanager
def _stderr_to(path: "os.PathLike[str]") -> Iterator[None]:
    saved = os.dup(2)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        sys.stderr.flush()
        os.dup2(log, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(log)
