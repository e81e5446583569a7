"""One settings object, read once: environment (SHOPLAB_...) over the running lab's own file over `settings.env` over
default.
"""

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from starlette.config import Config

from shoplab.core.errors import LabError
from shoplab.core.shapes import day, interval, milliseconds, own_port, port

REPO = Path(__file__).resolve().parents[3]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shoplab"


@dataclass(frozen=True)
class Settings:
    """Where things are and how large they may be. Field `kafka_port` is set by SHOPLAB_KAFKA_PORT, and so on.

    An empty address (`hdfs_uri`, `webhdfs_url`, `kafka_bootstrap`) means the lab's own, on 127.0.0.1; an empty
    `hdfs_user` the caller's own name. `lab` is the one that runs: embedded, docker, or cluster inside a container;
    `project` is Docker Compose's name for it. A token may also stand in a file, as SHOPLAB_API_TOKEN_FILE names it. A
    page's port is its door's; the server itself listens on its own (`..._own_port`), which no browser opens.
    `allowed_hosts`: further names under which pages and API answer, with commas between; `api_token`: what the API asks
    of everybody, nothing where it is empty. `learning`: whether the stream learns on between trainings;
    `learn_segments`: and places users by centres that move on; `refit`: and trains anew beside it when too much is new.
    `keep_spark_s`: seconds that the embedded lab's Spark is kept for the next command, 0 for none;
    `spark_events`: a folder for the event logs of the embedded lab's Spark, as its history server reads them.
    """

    home: Path = REPO / ".lab"
    cache: Path = CACHE
    offline: bool = False
    lab: str = "embedded"
    project: str = "shoplab"

    namenode_port: int = 9820
    namenode_http_port: int = 9870
    datanode_port: int = 9866
    datanode_http_port: int = 9864
    datanode_ipc_port: int = 9867
    kafka_port: int = 9092
    kafka_controller_port: int = 9093
    spark_ui_port: int = 4040
    namenode_own_port: int = 6566
    datanode_own_port: int = 6697
    spark_own_port: int = 6665
    driver_own_port: int = 10080
    api_port: int = 8000

    # The Docker lab's further pages
    spark_master_port: int = 8080
    history_port: int = 18080
    influx_port: int = 8086
    grafana_port: int = 3000
    jupyter_port: int = 8888
    locust_port: int = 8089

    allowed_hosts: str = ""
    hdfs_uri: str = ""
    webhdfs_url: str = ""
    hdfs_user: str = ""
    kafka_bootstrap: str = ""
    data_root: str = "/data"
    events_topic: str = "events"
    trigger: str = "10s"
    learning: bool = True
    learn_segments: bool = False
    refit: bool = False
    first_day: str = "2000-01-01"
    last_day: str = ""

    spark_master: str = "local[*]"
    driver_memory: str = "2g"
    stream_driver_memory: str = "768m"
    executor_memory: str = "512m"
    spark_events: str = ""
    keep_spark_s: int = 600

    api_token: str = ""
    influx_url: str = ""
    influx_token: str = ""
    influx_read_token: str = ""
    influx_org: str = "shoplab"
    influx_bucket: str = "shoplab"

    @property
    def host_names(self) -> frozenset[str]:
        """Further names under which pages and API answer."""
        return frozenset(name.strip().lower() for name in self.allowed_hosts.split(",") if name.strip())

    @property
    def hdfs(self) -> str:
        """Address of HDFS for RPC clients such as Spark."""
        return self.hdfs_uri or f"hdfs://127.0.0.1:{self.namenode_port}"

    @property
    def webhdfs(self) -> str:
        """Address of WebHDFS for our own programs: the server itself where it can be reached, else its door."""
        port = self.namenode_own_port if self.lab == "embedded" else self.namenode_http_port
        return self.webhdfs_url or f"http://127.0.0.1:{port}"

    @property
    def hdfs_page(self) -> str:
        """Address of the NameNode's page for people."""
        return self.webhdfs_url or f"http://127.0.0.1:{self.namenode_http_port}"

    @property
    def kafka(self) -> str:
        """Kafka bootstrap servers."""
        return self.kafka_bootstrap or f"127.0.0.1:{self.kafka_port}"

    @property
    def stated_days(self) -> tuple[str, str]:
        """The first and the last day that events may be of; "" for a last one that was not said."""
        return self.first_day, self.last_day

    @property
    def dead_topic(self) -> str:
        """Kafka's topic of the records that are no events."""
        return f"{self.events_topic}.dead"

    @property
    def days(self) -> tuple[str, str]:
        """The first and the last day that an event may be of; without SHOPLAB_LAST_DAY up to tomorrow, for shops east
        of here."""
        tomorrow = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).date()
        return self.first_day, self.last_day or tomorrow.isoformat()

    @property
    def trigger_ms(self) -> int:
        """Milliseconds from one micro-batch of the stream to the next."""
        return milliseconds(self.trigger)

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @cached_property
    def run_dir(self) -> Path:
        """Pids, ports and generated configuration of the running embedded lab."""
        return self.home / "run"

    @cached_property
    def record(self) -> Path:
        """What the running lab says of itself to later commands: its ports, and which lab it is."""
        return self.run_dir / "lab.env"

    @cached_property
    def log_dir(self) -> Path:
        return self.home / "logs"


def variable(name: str) -> str:
    """The environment variable that sets a field."""
    return f"SHOPLAB_{name.upper()}"


TOKENS = ("influx_token", "influx_read_token", "api_token")
PORTS = tuple(name for name in Settings.__dataclass_fields__ if name.endswith("_port"))
OWN_PORTS = tuple(name for name in PORTS if name.endswith("_own_port"))
_SHAPES: dict[str, Callable[[Any], object]] = {
    **dict.fromkeys(PORTS, port), **dict.fromkeys(OWN_PORTS, own_port),
    "trigger": interval, "first_day": day, "last_day": day,
}  # fmt: skip
_CASTS = {bool: bool, int: int, Path: Path, str: str}


def load_settings(environ: dict[str, str] | None = None) -> Settings:
    """Reads the settings: environment over the running lab's file over settings.env over Docker's .env. A bad value
    names its key and value.
    """
    environ = dict(os.environ) if environ is None else environ
    home = Path(environ.get("SHOPLAB_HOME", Settings.home)).absolute()
    files = (env_file(home), home / "settings.env", home / "run" / "lab.env")
    known = {key: value for file in files for key, value in _file_values(file).items()}
    merged = Config(environ=known | environ, env_prefix="SHOPLAB_")
    values: dict[str, object] = {}
    for name, field in Settings.__dataclass_fields__.items():
        cast = _SHAPES.get(name) or _CASTS[field.type]  # type: ignore[index]
        try:
            values[name] = merged(name.upper(), cast=cast, default=field.default)
            if name in TOKENS and not values[name]:
                values[name] = _token(merged(f"{name.upper()}_FILE", default=""))
        except ValueError as error:
            raise LabError(f"{error} Correct it in the environment or in {home / 'settings.env'}") from None
    return Settings(**values | {"home": home})  # type: ignore[arg-type]


def as_environment(settings: Settings) -> dict[str, str]:
    """The caller's environment with these settings' home, cache and ports: a child process reads the same settings."""
    places = {"SHOPLAB_HOME": str(settings.home), "SHOPLAB_CACHE": str(settings.cache)}
    return os.environ | places | {variable(port): str(getattr(settings, port)) for port in PORTS}


def _token(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip() if path else ""
    except OSError as error:
        raise LabError(f"the token file {path} can't be read ({error.strerror})") from None


def env_file(home: Path) -> Path:
    """The Docker lab's .env: beside docker-compose.yml; a lab with a home of its own has it there."""
    return (REPO if home == REPO / ".lab" else home) / ".env"


def _file_values(path: Path) -> dict[str, str]:
    try:
        return Config(env_file=path, environ={}).file_values if path.is_file() else {}
    except UnicodeDecodeError:
        raise LabError(f"{path} is not a text file; move it away, then run the same command again") from None
