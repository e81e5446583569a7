"""The lab without Docker: HDFS and Kafka as local Java processes. Start, stop, status."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from shoplab.errors import LabError, ServiceError
from shoplab.lab import formatting, health, jars, java, process, services
from shoplab.lab.services import API, DATANODE, EVERY, KAFKA, NAMENODE, SERVICES, Service
from shoplab.settings import Settings

READY_TIMEOUT = 90  # seconds
Say = Callable[[str], None]


@dataclass(frozen=True)
class State:
    """One service as `status` shows it. `problem` is "" for a healthy one; memory is resident, in MB."""

    service: Service
    problem: str
    pid: int | None
    memory_mb: float
    address: str


def status(settings: Settings) -> list[State]:
    """Every service, asked now; the API only where it runs."""
    alive = process.running(settings)
    shown = [*SERVICES, *([API] if API.name in alive else [])]
    return [_state(settings, service, alive.get(service.name)) for service in shown]


def _state(settings: Settings, service: Service, found: psutil.Process | None) -> State:
    address = service.address(settings)
    if found is None:
        return State(service, "is stopped", None, 0.0, address)
    return State(service, health.problem(settings, service), found.pid, memory_mb(found), address)


def memory_mb(found: psutil.Process) -> float:
    try:
        return float(found.memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0


def is_up(settings: Settings) -> bool:
    """Whether all services run and are healthy."""
    return not any(state.problem for state in status(settings))


def up(settings: Settings, say: Say = lambda line: None) -> list[Service]:
    """Starts what is not running and ends when all is healthy. Returns the services it started.

    ServiceError where that fails: then nothing of this start is left running, and data is as it was.
    """
    with process.alone(settings):
        before = process.running(settings)
        todo = [service for service in SERVICES if service.name not in before]
        _same_ports(settings, before)
        launcher = _Launcher(settings, todo, before, say) if todo else None
        started = launcher.started if launcher else {}
        try:
            if launcher:
                launcher.launch()
            _wait_ready(settings, before | started, launcher.offsets if launcher else {})
        except BaseException:
            _take_down(settings, started)
            raise
        return todo


class _Launcher:
    """Formats what is empty and starts services: HDFS and Kafka side by side, a data node right after its NameNode."""

    def __init__(self, settings: Settings, todo: list[Service], before: dict[str, psutil.Process], say: Say) -> None:
        self.settings, self.todo, self.say = settings, todo, say
        self.plan = formatting.plan(settings)
        if any(service.name in before for service in (NAMENODE, DATANODE)) and NAMENODE in self.plan.formats:
            raise ServiceError("the NameNode's directory is empty or damaged while HDFS runs; first: ./lab down")
        self.java_home = java.java_home(settings)
        self.jars = jars.ensure_all(settings, *{service.jars for service in SERVICES})
        process.check_ports(settings, services.ports(*todo))
        self.offsets: dict[str, int] = {}
        self.started: dict[str, psutil.Process] = {}

    def launch(self) -> None:
        for folder in (self.settings.home / "tmp", self.settings.log_dir, services.data_dir(self.settings)):
            folder.mkdir(parents=True, exist_ok=True)
        if self.plan.aside:
            broken = formatting.move_aside(self.settings, self.plan.aside)
            self.say(f"found the remains of a start or a write that was cut short, without data; moved to {broken}")
        if self.plan.restores_kafka:
            formatting.restore_kafka(self.settings)
        _record_ports(self.settings)
        self.offsets = {service.name: _size(service.log(self.settings)) for service in self.todo}
        self.say(f"starting {', '.join(service.title for service in self.todo)}")
        with ThreadPoolExecutor() as pool:
            chains = [pool.submit(self._in_order, NAMENODE, DATANODE), pool.submit(self._in_order, KAFKA)]
        for chain in chains:
            chain.result()

    def _in_order(self, *chain: Service) -> None:
        for service in chain:
            paths = self.jars[service.jars]
            if service in self.plan.formats:
                formatting.format_service(self.settings, service, self.java_home, paths)
            if service is KAFKA and service in self.todo:
                formatting.keep_kafka(self.settings)
            if service in self.todo:
                command = services.command(self.settings, self.java_home, service)
                environment = services.environment(self.settings, service, paths)
                self.started[service.name] = process.start(self.settings, service, command, environment)


def _wait_ready(settings: Settings, alive: dict[str, psutil.Process], offsets: dict[str, int]) -> None:
    """Waits until every service keeps its promise; fails at once when one has died."""
    waiting, deadline = list(SERVICES), time.monotonic() + READY_TIMEOUT
    while waiting:
        for service in SERVICES:
            if not process.is_alive(alive[service.name]):
                raise _failure(settings, service, "ended while starting", offsets)
        problems = {service: _problem_now(settings, service) for service in waiting}
        waiting = [service for service in waiting if problems[service]]
        if waiting and time.monotonic() > deadline:
            late = waiting[0]
            raise _failure(settings, late, f"is not ready after {READY_TIMEOUT} s: {problems[late]}", offsets)
        time.sleep(0.2 if waiting else 0)


def _problem_now(settings: Settings, service: Service) -> str:
    problem = health.problem(settings, service)
    if problem == health.NO_TOPIC and health.make_topic(settings):
        return ""
    return problem


def _failure(settings: Settings, service: Service, what: str, offsets: dict[str, int]) -> ServiceError:
    log = service.log(settings)
    reason = last_error(log, offsets.get(service.name, 0)) or _last_line(log.with_suffix(".out"))
    return ServiceError(f"{service.title} {what}{f' ({reason})' if reason else ''}; its log: {log}")


def last_error(log: Path, offset: int) -> str:
    """The last line after `offset` that names an error, "" where there is none."""
    if not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(offset if offset <= _size(log) else 0)  # shorter: the log was rotated
        lines = file.read().decode(errors="replace").splitlines()
    wanted = re.compile(
        r"^(?:Caused by: )?[\w.$]+(?:Exception|Error): |^(?:Error|error)\b| (?:FATAL|ERROR) (?!.*RECEIVED SIGNAL)"
    )
    return next((line.strip()[:300] for line in reversed(lines) if wanted.search(line)), "")


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").split("\n") if path.is_file() else []
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def down(settings: Settings) -> list[str]:
    """Stops the lab and keeps its data. Returns the names of what ran."""
    with process.alone(settings):
        return _take_down(settings, process.running(settings))


def _take_down(settings: Settings, ours: dict[str, psutil.Process]) -> list[str]:
    """Stops in reverse order of start: clients of HDFS before HDFS."""
    for service in reversed(EVERY):
        if service.name in ours:
            process.stop([ours[service.name]])
    if not process.running(settings):
        ports_file(settings).unlink(missing_ok=True)
    return [service.name for service in EVERY if service.name in ours]


# The ports in force, for later commands: load_settings reads this file.


def ports_file(settings: Settings) -> Path:
    return settings.run_dir / "lab.env"


def _record_ports(settings: Settings) -> None:
    lines = [f"{process.variable(name)}={getattr(settings, name)}\n" for name in services.ports()]
    ports_file(settings).write_text("".join(lines))


def without_leftovers(settings: Settings, reload: Callable[[], Settings]) -> Settings:
    """Forgets the ports of a lab that was not taken down (a power cut, say): the next is on the usual ports."""
    if process.running(settings) or not ports_file(settings).is_file():
        return settings
    ports_file(settings).unlink()
    return reload()


def _same_ports(settings: Settings, alive: dict[str, psutil.Process]) -> None:
    """LabError where the lab already runs on other ports than those asked for."""
    if not alive or not ports_file(settings).is_file():
        return
    recorded = dict(line.split("=", 1) for line in ports_file(settings).read_text().splitlines())
    for name in services.ports():
        there = recorded.get(process.variable(name))
        if there not in (None, str(getattr(settings, name))):
            raise LabError(
                f"the lab already runs with {process.variable(name)}={there}; to change it, first: ./lab down"
            )


@contextmanager
def running_lab(settings: Settings, say: Say = lambda line: None, keep: bool = False) -> Iterator[Settings]:
    """A healthy lab for the time of a block. It is left running where it ran before, and with `keep`."""
    ran_before = bool(process.running(settings))
    up(settings, say)
    try:
        yield settings
    finally:
        if not (ran_before or keep):
            down(settings)


def start_api(settings: Settings) -> None:
    """Starts the API in the background, part of the lab until `down`. ServiceError where it does not answer in time."""
    with process.alone(settings):
        process.check_ports(settings, API.ports)
        command = [sys.executable, "-m", API.main, *services.marks(settings, API.name)]
        started = process.start(settings, API, command, services.settings_environment(settings))
        deadline = time.monotonic() + READY_TIMEOUT
        while health.problem(settings, API):
            if not process.is_alive(started) or time.monotonic() > deadline:
                process.stop([started])
                raise _failure(settings, API, "did not start", {})
            time.sleep(0.2)
