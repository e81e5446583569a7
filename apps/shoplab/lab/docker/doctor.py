"""What the doctor says of Docker and of the Docker lab."""

import datetime as dt
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.kafka import topic_problem
from shoplab.core.probe import ask, namenode_beans, status_of
from shoplab.core.settings import REPO, Settings, variable
from shoplab.lab.docker import compose, environment, images
from shoplab.lab.docker.services import PAGES, SMALL_GIB
from shoplab.lab.docker.status import status
from shoplab.lab.finding import Finding
from shoplab.lab.ports import is_taken, owner

DISK_GB = 10.0
SKEW_S = 5.0
SHARED = ("api_port", "namenode_http_port")  # of pages that the embedded lab has too
_RUN_IN_CONTAINERS = (
    "images/*/entrypoint",
    "images/*/healthy",
    "images/base/bin/*",
    "images/*/start",
    "images/*/submit",
)


def machine(settings: Settings, needed: bool) -> Iterator[Finding]:
    """The engine, and what Docker gives the lab. Without Docker one finding, a fault where this lab needs it."""
    try:
        info = compose.engine()
    except ServiceError as error:
        yield Finding("Docker", f"{error}", str(error) if needed else "")
        return
    yield Finding("Docker", f"engine {info['ServerVersion']}, {info['OSType']}/{info['Architecture']}")
    yield _compose()
    yield _memory(info)
    yield _disk(info)
    yield _clock(info)
    yield _line_ends()
    if _in_wsl() and str(REPO).startswith("/mnt/"):
        yield Finding("folder", f"{REPO} is on the Windows disk: slow", "clone into WSL's own home folder instead")
    yield _env(settings)


def _compose() -> Finding:
    try:
        return Finding("Compose", ".".join(map(str, compose.version())))
    except LabError as error:
        return Finding("Compose", "missing or too old", str(error))


def _memory(info: dict[str, Any]) -> Finding:
    gib = info["MemTotal"] / 2**30
    text = f"Docker has {gib:.1f} GiB and {info['NCPU']} cores"
    where = "memory= in .wslconfig" if _in_wsl() else "Docker Desktop: Settings, Resources"
    return Finding("memory", text, "" if gib >= SMALL_GIB else f"give it {SMALL_GIB} GiB or more: {where}")


def _disk(info: dict[str, Any]) -> Finding:
    """Of Docker's own folder where it is on this machine, else of this folder."""
    root = Path(info.get("DockerRootDir", "/"))
    place = root if root.is_dir() else REPO
    free = psutil.disk_usage(str(place)).free / 1e9
    return Finding(
        "disk", f"{free:.0f} GB free for Docker", "" if free >= DISK_GB else "docker system prune, or free some space"
    )


def _clock(info: dict[str, Any]) -> Finding:
    """Docker in a virtual machine (Desktop, WSL) may fall behind after the laptop slept."""
    there = dt.datetime.fromisoformat(re.sub(r"\.\d+", "", info["SystemTime"]))
    skew = abs((dt.datetime.now(dt.UTC) - there).total_seconds())
    advice = "" if skew < SKEW_S else "restart Docker, or in WSL: sudo hwclock -s"
    return Finding(
        "clock", f"Docker's differs by {skew:.0f} s" if skew >= 1 else "Docker's agrees with this machine's", advice
    )


def _line_ends() -> Finding:
    scripts = [path for pattern in _RUN_IN_CONTAINERS for path in REPO.glob(pattern) if path.is_file()]
    bad = [str(path.relative_to(REPO)) for path in [REPO / "lab", *scripts] if b"\r\n" in path.read_bytes()]
    if bad:
        return Finding("line ends", f"CRLF in {bad[0]}", "git config core.autocrlf input && git checkout HEAD -- .")
    return Finding("line ends", "scripts have LF")


def _env(settings: Settings) -> Finding:
    try:
        values = environment.read(settings)
    except LabError as error:
        return Finding(".env", "makes no sense", str(error))
    return Finding(
        ".env", f"{len(values)} values, {values.get('SHOPLAB_SIZE', 'standard')} size" if values else "not made yet"
    )


def _in_wsl() -> bool:
    return "microsoft" in platform.release().lower()


def lab(settings: Settings) -> Iterator[Finding]:
    """The containers, and whether each server does what it is for."""
    states = status(settings)
    for state in states:
        advice = f"./lab logs {state.service}; ./lab up starts what is missing" if state.problem else ""
        yield Finding(state.service, state.problem or f"healthy, {state.memory_mb:.0f} MB", advice)
    if not states:
        yield Finding("lab", "no container runs", "./lab up")
        return
    yield from _hdfs(settings)
    yield _spark(settings)
    yield _kafka_host(settings)
    yield _kafka_inside(settings)
    yield from _influx(settings)
    yield _images()


def _hdfs(settings: Settings) -> Iterator[Finding]:
    beans = namenode_beans(settings)
    if beans is None:
        yield Finding("HDFS", f"{settings.webhdfs} does not answer", "./lab logs namenode")
        return
    state, info = beans
    safe = str(info["Safemode"]).split(". ")[0]
    yield Finding(
        "safe mode", safe or "off", "wait until the data nodes have reported; ./lab logs datanode" if safe else ""
    )
    live, dead = state["NumLiveDataNodes"], state["NumDeadDataNodes"]
    lost = f"{live} live, {dead} dead"
    yield Finding("data nodes", lost, "" if live and not dead else "./lab up starts a stopped one; ./lab logs datanode")


def _spark(settings: Settings) -> Finding:
    """Cores, and who holds them: a job that waits for cores looks as if it hung."""
    master = ask(f"http://127.0.0.1:{settings.spark_master_port}/json/")
    if not master:
        return Finding("Spark", "the master does not answer", "./lab logs spark-master")
    apps = ", ".join(f"{app['name']} {app['cores']}" for app in master["activeapps"]) or "nobody"
    text = f"{master['coresused']} of {master['cores']} cores held by {apps}"
    waits = [app["name"] for app in master["activeapps"] if app["state"] == "WAITING"]
    advice = f"{waits[0]} waits: end another application, or ./lab up --scale spark-worker=2" if waits else ""
    return Finding("Spark", text, advice)


def _kafka_host(settings: Settings) -> Finding:
    problem = topic_problem(settings)
    return Finding(
        "Kafka, from here", problem or f"{settings.kafka} has its topic", "./lab logs kafka" if problem else ""
    )


def _kafka_inside(settings: Settings) -> Finding:
    done = compose.run(compose.command(settings, "exec", "-T", "kafka", "/opt/kafka/healthy"))
    well = done.returncode == 0
    return Finding(
        "Kafka, inside",
        "kafka:9094 lists topics" if well else "kafka:9094 does not answer",
        "" if well else "./lab logs kafka",
    )


def _influx(settings: Settings) -> Iterator[Finding]:
    for name, token, method, path in (
        ("read", settings.influx_read_token, "GET", f"/api/v2/buckets?name={settings.influx_bucket}"),
        (
            "write",
            settings.influx_token,
            "POST",
            f"/api/v2/write?org={settings.influx_org}&bucket={settings.influx_bucket}",
        ),
    ):
        answered = status_of(method, settings.influx_url + path, {"Authorization": f"Token {token}"})
        if answered is None:
            yield Finding("InfluxDB", f"{settings.influx_url} does not answer", "./lab logs influxdb")
            return
        bad = answered in (401, 403, 404)
        yield Finding(
            f"InfluxDB {name} token", "is refused" if bad else "works", "./lab up makes it anew" if bad else ""
        )


def _images() -> Finding:
    fresh = compose.label("shoplab/app:latest", images.LABEL) == images.checksum()
    return Finding("images", "as the sources" if fresh else "older than the sources; the next ./lab up builds them")


def ports(settings: Settings) -> Iterator[Finding]:
    """Where the Docker lab is down: whether the ports that it alone uses are free."""
    for service, _, port in PAGES:
        number = getattr(settings, port)
        if port not in SHARED and is_taken(number):
            advice = f"stop that, or use another: {variable(port)}={number + 10000}"
            yield Finding("ports", f"{number} ({service}) is taken by {owner(number)}", advice)
