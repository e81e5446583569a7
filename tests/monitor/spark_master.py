"""A real standalone Spark master with one worker of two cores."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pyspark

from shoplab.core.settings import Settings
from shoplab.core.toolchain import java
from shoplab.core.wait import wait_until
from shoplab.lab.ports import free_port
from shoplab.monitor import gauges

SPARK = Path(pyspark.__file__).parent
DEPLOY = "org.apache.spark.deploy"


@contextmanager
def standalone_spark(settings: Settings, folder: Path) -> Iterator[Settings]:
    """The same settings with its address, when the worker has registered."""
    with_master = replace(settings, spark_master=f"spark://127.0.0.1:{free_port()}", spark_master_port=free_port())
    port, page = with_master.spark_master.rsplit(":", 1)[1], str(with_master.spark_master_port)
    master = [f"{DEPLOY}.master.Master", "--host", "127.0.0.1", "--port", port, "--webui-port", page]
    worker = [f"{DEPLOY}.worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", "--cores", "2", "--memory", "512m",
              "--work-dir", str(folder), with_master.spark_master]  # fmt: skip
    with ExitStack() as stack:
        for command in (master, worker):
            stack.callback(_stop, _start(with_master, command, folder))
        wait_until(lambda: (gauges.spark(with_master) or {}).get("workers"), 60, f"no worker; see {folder}/spark.out")
        yield with_master


def _start(settings: Settings, command: list[str], folder: Path) -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        "JAVA_HOME": str(java.spark_java_home(settings)), "SPARK_HOME": str(SPARK), "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m", "SPARK_CONF_DIR": str(folder),
    }  # fmt: skip
    with (folder / "spark.out").open("ab") as output:
        return subprocess.Popen(
            [str(SPARK / "bin" / "spark-class"), *command], env=environment, stdout=output, stderr=output
        )


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(30)
