"""The Docker lab: start, stop, status, and jobs on its cluster."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shoplab.console import Say
from shoplab.errors import LabError, ServiceError
from shoplab.lab import compose, environment, images, process
from shoplab.settings import PORTS, REPO, Settings

SMALL_GIB, STANDARD_GIB = 3.5, 10.0  # memory that the engine must have, and from which on the standard size is chosen
WAIT_S = 180
FUTILE_RESTARTS = 2
SECRET_FILES = {key.lower().replace("_", "-"): key for key in environment.SECRETS}
PAGES = (
    ("api", "API and live page", "api_port"),
    ("grafana", "Grafana (user admin, password in .env)", "grafana_port"),
    ("namenode", "HDFS", "namenode_http_port"),
    ("spark-master", "Spark master, workers and running jobs", "spark_master_port"),
    ("history", "Spark history", "history_port"),
    ("influxdb", "InfluxDB (user shoplab, password in .env)", "influx_port"),
    ("jupyter", "Jupyter (token in .env)", "jupyter_port"),
    ("locust", "Locust", "locust_port"),
)


@dataclass(frozen=True)
class State:
    """One container as `status` shows it. `problem` is "" for a healthy one; memory in MB."""

    service: str
    problem: str
    memory_mb: float
    address: str


@dataclass(frozen=True)
class Choice:
    """What `up` was asked for. size: "" means by the engine's memory, or as before."""

    size: str = ""
    profiles: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    offline: bool = False
    scale: tuple[str, ...] = ()


def up(settings: Settings, choice: Choice, say: Say) -> None:
    """Starts the lab, or what of it does not run, and returns when all is healthy. ServiceError says which is not."""
    if _is_somebody_elses(settings):
        raise LabError("a Docker lab with a home of its own needs a name too; type: SHOPLAB_PROJECT=NAME ./lab up")
    info = compose.engine()
    compose.version()
    size = _size(settings, info, choice.size)
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    with process.alone(settings):
        if process.running(settings):
            raise LabError("the embedded lab is running here; first: ./lab down")
        environment.write(settings, {"SHOPLAB_SIZE": size})
        services = wanted(settings, choice)
        check_ports(settings, services)
        images.provide(settings, services, choice.offline, say)
        say(f"starting {len(services)} services ({size} size)")
        _start(settings, services, choice)
        environment.write(settings, read_secrets(settings))
        record(settings)


def _size(settings: Settings, info: dict[str, Any], asked: str) -> str:
    """The size asked for, or chosen before, or fitting the memory that Docker has."""
    gib = info["MemTotal"] / 2**30
    if gib < SMALL_GIB:
        raise LabError(
            f"Docker has {gib:.1f} GiB of memory, the lab wants {SMALL_GIB} or more; give it more (Docker Desktop: "
            "Settings, Resources; WSL: .wslconfig, see docs/docker.md), or go without Docker: ./lab up --embedded"
        )
    return asked or environment.read(settings).get("SHOPLAB_SIZE", "standard" if gib >= STANDARD_GIB else "small")


def wanted(settings: Settings, choice: Choice) -> dict[str, Any]:
    """Service -> its configuration, of all that shall run. LabError for a name that is none."""
    services: dict[str, Any] = compose.configuration(settings, *choice.profiles)["services"]
    for name in (*choice.without, *(scaled.split("=")[0] for scaled in choice.scale)):
        if name not in services:
            raise LabError(f"no service {name}; there are {', '.join(sorted(services))}")
    return {name: service for name, service in services.items() if name not in choice.without}


def check_ports(settings: Settings, services: Iterable[str]) -> None:
    """ServiceError for the first port that something else has. Ports of containers that run already are ours."""
    ours = {
        publisher.get("PublishedPort")
        for container in compose.containers(settings, everything=False)
        for publisher in container.get("Publishers") or []
    }
    free_of_ours = [port for port in _ports(services) if getattr(settings, port) not in ours]
    process.check_ports(settings, free_of_ours)


def _ports(services: Iterable[str]) -> list[str]:
    """Port settings of services."""
    pages = {service: [port] for service, _, port in PAGES}
    pages |= {"kafka": ["kafka_port"], "webhdfs": ["datanode_http_port"]}
    pages["namenode"] = ["namenode_http_port", "namenode_port"]
    return [port for service in services for port in pages.get(service, [])]


def _start(settings: Settings, services: Iterable[str], choice: Choice) -> None:
    profiles = [option for profile in choice.profiles for option in ("--profile", profile)]
    scales = [option for scale in choice.scale for option in ("--scale", scale)]
    arguments = ["up", "--detach", "--wait", "--wait-timeout", str(WAIT_S), "--no-build", *scales, *services]
    before = _restarts(settings)
    with tempfile.TemporaryFile("w+") as said:
        command = compose.command(settings, *profiles, *arguments)
        starting = subprocess.Popen(command, env=compose.variables(settings), stdin=subprocess.DEVNULL,
                                    stdout=said, stderr=said)  # fmt: skip
        try:
            while starting.poll() is None and not _in_vain(before, _restarts(settings)):
                time.sleep(1)
        finally:
            starting.terminate()
        if starting.wait() != 0:
            said.seek(0)
            raise ServiceError(failure(settings, compose.reason(said.read()), before))


def _restarts(settings: Settings) -> dict[str, int]:
    """Container id -> how often Docker has restarted it."""
    ours = compose.of_project(settings)
    ids = compose.run(["docker", "ps", "--all", "--quiet", "--filter", ours]).stdout.split()
    told = compose.run(["docker", "inspect", "--format", "{{.Id}} {{.RestartCount}}", *ids]).stdout if ids else ""
    return {container: int(count) for container, count in (line.split() for line in told.splitlines())}


def _in_vain(before: dict[str, int], now: dict[str, int]) -> bool:
    """Whether a container dies again and again: waiting on would change nothing."""
    return any(count - before.get(container, 0) >= FUTILE_RESTARTS for container, count in now.items())


def failure(settings: Settings, said: str, before: dict[str, int]) -> str:
    """The service that failed and the last error in its log, in one line."""
    now = _restarts(settings)
    for container in compose.containers(settings):
        service, identity = container["Service"], container["ID"]
        died = any(now[full] > before.get(full, 0) for full in now if full.startswith(identity[:12]))
        gone = container["State"] in ("exited", "restarting", "dead") and container.get("ExitCode") != 0
        if died or gone or container.get("Health", "") == "unhealthy":
            lines = compose.log_tail(settings, service)
            errors = [line for line in lines if line.startswith("ERROR ") or line.startswith("lab: ")]
            why = (errors or [line for line in lines if "Exception" in line or " ERROR " in line] or [said])[-1]
            return (
                f"{service} is not healthy ({why.removeprefix('ERROR ').strip()[:400]}); its log: ./lab logs {service}"
            )
    return f"the lab did not start: {said}"


def read_secrets(settings: Settings) -> dict[str, str]:
    """Key -> secret, as the containers have them."""
    script = "cd /run/lab-secrets && for name in *; do echo $name=$(cat $name); done"
    told = compose.call(settings, "run", "--rm", "--no-deps", "-T", "secrets", "sh", "-c", script)
    files = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    return {key: files[name] for name, key in SECRET_FILES.items() if name in files}


def record(settings: Settings) -> None:
    """For later commands: that the Docker lab runs, its ports, and what reaches it from this machine."""
    secrets = environment.read(settings)
    values = {
        "SHOPLAB_LAB": "docker",
        "SHOPLAB_HDFS_USER": "shoplab",
        "SHOPLAB_INFLUX_URL": f"http://127.0.0.1:{settings.influx_port}",
        "SHOPLAB_INFLUX_TOKEN": secrets["INFLUX_WRITE_TOKEN"],
        "SHOPLAB_INFLUX_READ_TOKEN": secrets["INFLUX_READ_TOKEN"],
    } | {process.variable(port): str(getattr(settings, port)) for port in PORTS}
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    file = settings.run_dir / "lab.env"
    file.touch(0o600)
    file.chmod(0o600)
    file.write_text("".join(f"{key}={value}\n" for key, value in values.items()))


def find(settings: Settings) -> bool:
    """Whether the Docker lab of this folder runs though `./lab up` did not start it; then it is recorded."""
    try:
        here = f"com.docker.compose.project.working_dir={REPO}"
        running = {
            c["Service"] for c in compose.containers(settings, everything=False) if here in c["Labels"].split(",")
        }
        if "namenode" not in running or _is_somebody_elses(settings):
            return False
        environment.write(settings, read_secrets(settings))
        record(settings)
    except LabError:
        return False
    return True


def _is_somebody_elses(settings: Settings) -> bool:
    """A lab with a home of its own has nothing to do with the project that all others share."""
    return settings.home != REPO / ".lab" and settings.project == Settings.project


def down(settings: Settings) -> list[str]:
    """Stops and removes the containers; volumes stay. Returns the names of the services that ran."""
    with process.alone(settings):
        names = sorted({container["Service"] for container in compose.containers(settings, everything=False)})
        compose.call(settings, "--profile", "*", "down", "--remove-orphans")
        (settings.run_dir / "lab.env").unlink(missing_ok=True)
        return names


def reset(settings: Settings) -> None:
    """Stops the lab and deletes its volumes."""
    down(settings)
    compose.call(settings, "--profile", "*", "down", "--volumes", "--remove-orphans")


def volumes(settings: Settings) -> list[str]:
    """Names of the project's volumes; none where no Docker answers, nor for a lab that has no project of its own."""
    if _is_somebody_elses(settings):
        return []
    try:
        told = compose.run(["docker", "volume", "ls", "--quiet", "--filter", compose.of_project(settings)])
    except ServiceError:
        return []
    return told.stdout.split() if told.returncode == 0 else []


def status(settings: Settings) -> list[State]:
    """Every container, asked now. One-shots that did their work are left out."""
    found = [c for c in compose.containers(settings) if not (c["State"] == "exited" and c.get("ExitCode") == 0)]
    memory = _memory([container["ID"] for container in found])
    addresses = {service: f"http://127.0.0.1:{getattr(settings, port)}" for service, _, port in PAGES}
    addresses["kafka"] = settings.kafka
    return [
        State(c["Service"], _problem(c), memory.get(c["ID"][:12], 0.0), addresses.get(c["Service"], "")) for c in found
    ]


def _problem(container: dict[str, Any]) -> str:
    health = container.get("Health", "")
    if container["State"] != "running":
        return f"is {container['State']} (exit code {container.get('ExitCode')})"
    return "" if health in ("healthy", "") else f"is {health}"


def _memory(ids: list[str]) -> dict[str, float]:
    """Container id -> MB in use, without the page cache."""
    if not ids:
        return {}
    told = compose.run(["docker", "stats", "--no-stream", "--format", "{{json .}}", *ids]).stdout
    rows = (json.loads(line) for line in told.splitlines() if line.startswith("{"))
    return {row["ID"][:12]: _megabytes(row["MemUsage"].split("/")[0].strip()) for row in rows}


def _megabytes(text: str) -> float:
    """Docker's "165.2MiB"."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10), ("B", 1)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor / 1e6
    return 0.0


def run_job(settings: Settings, arguments: list[str], mounts: dict[str, str]) -> int:
    """Runs a ./lab command by spark-submit on the cluster, in a container. mounts: file here -> there. Exit code."""
    volumes = [option for here, there in mounts.items() for option in ("--volume", f"{here}:{there}:ro")]
    terminal = [] if os.isatty(0) and os.isatty(1) else ["-T"]
    call = compose.command(settings, "--progress", "quiet", "run", "--rm", "--no-deps", *terminal, *volumes, "jobs")
    return subprocess.run([*call, *arguments], env=compose.variables(settings), cwd=REPO, check=False).returncode
