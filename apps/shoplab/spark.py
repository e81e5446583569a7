"""The only place that makes a Spark session."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shoplab.errors import ServiceError
from shoplab.lab import jars, java
from shoplab.settings import REPO, Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


_ADAPTIVE = "org.apache.spark.sql.execution.adaptive"


def start_spark(settings: Settings, app: str) -> "SparkSession":
    """A session on `settings.spark_master`: UTC, HDFS as default file system, Kafka source, logs in
    .lab/logs/spark.log.
    """
    _set_environment(settings)
    from pyspark.sql import SparkSession

    connector = ",".join(str(jar) for jar in jars.ensure(settings, "spark-kafka"))
    builder = SparkSession.builder.appName(f"shoplab {app}").master(settings.spark_master)
    for key, value in {
        "spark.driver.memory": settings.driver_memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -XX:+UseParallelGC",
        "spark.hadoop.fs.defaultFS": settings.hdfs,
        "spark.hadoop.dfs.replication": "1",
        # As in images/hadoop/conf/hdfs-site.xml: closing a small file is a matter of milliseconds, not of 400
        "spark.hadoop.dfs.client.block.write.locateFollowingBlock.initial.delay.ms": "10",
        "spark.jars": connector,
        "spark.local.dir": str(settings.home / "tmp"),
        "spark.sql.warehouse.dir": (settings.home / "tmp" / "warehouse").as_uri(),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "16",
        # A plan that turns out empty would be cut short, and with it the counts that an Observation was to bring
        "spark.sql.adaptive.optimizer.excludedRules": f"{_ADAPTIVE}.AQEPropagateEmptyRelation",
        # Sets and modes per session or user: sorted only where a task meets more groups than this, not from 128 on
        "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "100000",
        # Folders are listed by the driver; from 32 on Spark would start a job for it
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.ui.port": str(settings.spark_ui_port),
        "spark.ui.showConsoleProgress": "false",
    }.items():
        builder = builder.config(key, value)
    log = settings.log_dir / "spark.log"
    with _stderr_to(log):  # the JVM inherits it: its warnings go to the log, not between our lines
        try:
            return builder.getOrCreate()
        except Exception as error:
            raise ServiceError(f"Spark did not start: {str(error).splitlines()[0]}; its log: {log}") from error


@contextmanager
def spark_session(settings: Settings, app: str) -> "Iterator[SparkSession]":
    """A session that is stopped at the end."""
    session = start_spark(settings, app)
    try:
        yield session
    finally:
        session.stop()


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
