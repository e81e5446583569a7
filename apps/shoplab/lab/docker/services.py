"""Which services shall run, where they listen, and how large they may be."""

from collections.abc import Iterable
from typing import Any

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings
from shoplab.lab import ports
from shoplab.lab.docker import compose, environment
from shoplab.lab.protocol import Choice

SMALL_GIB, STANDARD_GIB = 3.7, 10.0  # memory that the engine must have, and from which on the standard size is chosen
PAGES = (
    ("api", "API and live page", "api_port"),
    ("grafana", "Grafana (user admin, password in .env)", "grafana_port"),
    ("door", "HDFS", "namenode_http_port"),
    ("door", "Spark master, workers and running jobs", "spark_master_port"),
    ("door", "Spark history", "history_port"),
    ("influxdb", "InfluxDB (user shoplab, password in .env)", "influx_port"),
    ("jupyter", "Jupyter (token in .env)", "jupyter_port"),
    ("locust", "Locust", "locust_port"),
)


def wanted(settings: Settings, choice: Choice) -> dict[str, Any]:
    """Service -> its configuration, of all that shall run. LabError for a name that is none."""
    services: dict[str, Any] = compose.configuration(settings, *choice.profiles)["services"]
    for name in (*choice.without, *(scaled.split("=")[0] for scaled in choice.scale)):
        if name not in services:
            raise LabError(f"no service {name}; there are {', '.join(sorted(services))}")
    return {name: service for name, service in services.items() if name not in choice.without}


def size_for(settings: Settings, engine: dict[str, Any], asked: str) -> str:
    """The size asked for, or chosen before, or fitting the memory that Docker has."""
    gib = engine["MemTotal"] / 2**30
    if gib < SMALL_GIB:
        raise LabError(
            f"Docker has {gib:.1f} GiB of memory, the lab wants {SMALL_GIB} or more; give it more (Docker Desktop: "
            "Settings, Resources; WSL: .wslconfig, see docs/docker.md), or go without Docker: ./lab up --embedded"
        )
    return asked or environment.read(settings).get("SHOPLAB_SIZE", "standard" if gib >= STANDARD_GIB else "small")


def check_ports(settings: Settings, services: Iterable[str]) -> None:
    """ServiceError for the first port that something else has. Ports of containers that run already are ours."""
    ours = {
        publisher.get("PublishedPort")
        for container in compose.containers(settings, everything=False)
        for publisher in container.get("Publishers") or []
    }
    free_of_ours = [port for port in _ports(services) if getattr(settings, port) not in ours]
    ports.check_ports(settings, free_of_ours)


def _ports(services: Iterable[str]) -> list[str]:
    """Port settings of services."""
    listening = [(service, port) for service, _, port in PAGES]
    listening += [("kafka", "kafka_port"), ("namenode", "namenode_port"), ("door", "datanode_http_port")]
    wanted = list(services)
    return [port for service, port in listening if service in wanted]
