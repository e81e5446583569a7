"""The embedded lab's services, in the order data meets them: what each runs, where its data lies, where it listens."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from shoplab.core.settings import REPO, Settings, as_environment

IMAGES = REPO / "images"


@dataclass(frozen=True)
class Service:
    """One process. `jars` is its group in jars.lock, "" for Python; `ports` are fields of Settings, the first its main
    one.
    """

    name: str
    title: str
    jars: str
    main: str
    arguments: tuple[str, ...]
    ports: tuple[str, ...]
    scheme: str

    def address(self, settings: Settings) -> str:
        return f"{self.scheme}127.0.0.1:{getattr(settings, self.ports[0])}"

    def data(self, settings: Settings) -> Path:
        return data_dir(settings) / self.name

    def log(self, settings: Settings) -> Path:
        return settings.log_dir / f"{self.name}.log"

    def printed(self, settings: Settings) -> Path:
        """What it prints, of its last start. Java's servers keep their log themselves, Python's print it."""
        return self.log(settings).with_suffix(".out") if self.jars else self.log(settings)


NAMENODE = Service(
    "namenode", "NameNode", "hadoop", "org.apache.hadoop.hdfs.server.namenode.NameNode", (),
    ("namenode_own_port", "namenode_port"), "http://",
)  # fmt: skip
DATANODE = Service(
    "datanode", "data node", "hadoop", "org.apache.hadoop.hdfs.server.datanode.DataNode", (),
    ("datanode_own_port", "datanode_port", "datanode_ipc_port"), "http://",
)  # fmt: skip
KAFKA_CONF = IMAGES / "kafka" / "conf" / "server.properties"
KAFKA = Service(
    "kafka", "Kafka", "kafka", "kafka.Kafka", (str(KAFKA_CONF),), ("kafka_port", "kafka_controller_port"), "",
)  # fmt: skip
# Before the pages of the NameNode, the data node and Spark: no browser opens their own ports
DOOR = Service(
    "door", "door", "", "shoplab.lab.door", (), ("namenode_http_port", "datanode_http_port", "spark_ui_port"), "http://",
)  # fmt: skip
SERVICES = (NAMENODE, DATANODE, KAFKA, DOOR)  # what `up` starts

# Run only where they were asked for
API = Service("api", "API", "", "shoplab.lab.api", (), ("api_port",), "http://")
# The Spark driver kept for the next command, if there was one
DRIVER = Service("driver", "Spark driver", "", "shoplab.driver", (), ("spark_ui_port",), "http://")
EVERY = (*SERVICES, API, DRIVER)

# Small heaps and the plain collector: three servers in well under 1 GiB. The quick compiler alone starts them sooner.
JVM = (
    "-Xms32m", "-Xmx256m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError", "-Djava.net.preferIPv4Stack=true",
)  # fmt: skip


def data_dir(settings: Settings) -> Path:
    return settings.home / "data"


def marks(settings: Settings, name: str = "") -> tuple[str, ...]:
    """Arguments by which a process of this lab is known, whatever its pid. Java itself ignores them."""
    return (f"-Dshoplab.home={settings.home.resolve()}", f"-Dshoplab.service={name}")


def command(settings: Settings, java_home: Path, service: Service, main: str = "", *arguments: str) -> list[str]:
    """Command line of a service, or of another `main` that shares its class path and logging."""
    return [
        str(java_home / "bin" / "java"),
        *(marks(settings, service.name) if not main else ()),
        *JVM,
        "-Dshoplab.log=file",
        f"-Dshoplab.log.file={service.log(settings)}",
        f"-Dlog4j2.configurationFile={KAFKA_CONF.with_name('log4j2.properties')}",
        main or service.main,
        *(arguments if main else service.arguments),
    ]


def python_command(settings: Settings, service: Service) -> list[str]:
    return [sys.executable, "-m", service.main, *marks(settings, service.name)]


def python_environment(settings: Settings) -> dict[str, str]:
    """The caller's environment, and where our own packages are."""
    path = os.pathsep.join(filter(None, (str(REPO / "apps"), os.environ.get("PYTHONPATH", ""))))
    return as_environment(settings) | {"PYTHONPATH": path, "SHOPLAB_LAB": "embedded"}


def environment(settings: Settings, service: Service, jar_paths: list[Path]) -> dict[str, str]:
    """The caller's environment, the class path, and what images/*/conf take from the environment."""
    kafka, controller = settings.kafka_port, settings.kafka_controller_port
    conf = [IMAGES / service.jars / "conf"]
    own = {
        "CLASSPATH": ":".join(str(path) for path in conf + jar_paths),
        "MALLOC_ARENA_MAX": "2",
        "SHOPLAB_LOG": "file",
        "SHOPLAB_LOG_FILE": str(service.log(settings)),
        "SHOPLAB_TMP_DIR": str(settings.home / "tmp"),
        "SHOPLAB_NAMENODE_DIR": str(NAMENODE.data(settings)),
        "SHOPLAB_DATANODE_DIR": str(DATANODE.data(settings)),
        "SHOPLAB_KAFKA_DIR": str(KAFKA.data(settings)),
        "SHOPLAB_KAFKA_CONTROLLER": f"127.0.0.1:{controller}",
        "SHOPLAB_KAFKA_LISTENERS": f"HOST://127.0.0.1:{kafka},CONTROLLER://127.0.0.1:{controller}",
        "SHOPLAB_KAFKA_ADVERTISED": f"HOST://127.0.0.1:{kafka}",
        "SHOPLAB_KAFKA_INTERNAL": "HOST",
    }
    return as_environment(settings) | own


def ports(*services: Service) -> list[str]:
    """Names of the port settings of some services, or of all."""
    return [port for service in services or SERVICES for port in service.ports]
