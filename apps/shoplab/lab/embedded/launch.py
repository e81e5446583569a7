"""Starts the servers, in the order they need each other, and waits until each keeps its promise."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from shoplab.core.console import Say
from shoplab.core.errors import ServiceError
from shoplab.core.kafka import NO_TOPIC, make_topic
from shoplab.core.settings import Settings
from shoplab.core.toolchain import jars, java
from shoplab.lab.embedded import formatting, health, process, services
from shoplab.lab.embedded.record import record_ports
from shoplab.lab.embedded.services import DATANODE, DOOR, KAFKA, NAMENODE, SERVICES, Service
from shoplab.lab.ports import check_ports

READY_TIMEOUT = 90  # seconds

_ERROR = re.compile(
    r"^(?:Caused by: )?[\w.$]+(?:Exception|Error): |^(?:Error|error)\b| (?:FATAL|ERROR) (?!.*RECEIVED SIGNAL)"
)


class Launcher:
    """Formats what is empty and starts services: HDFS and Kafka side by side, a data node right after its NameNode."""

    def __init__(self, settings: Settings, todo: list[Service], before: dict[str, psutil.Process], say: Say) -> None:
        self.settings, self.todo, self.say = settings, todo, say
        self.plan = formatting.plan(settings)
        if any(service.name in before for service in (NAMENODE, DATANODE)) and NAMENODE in self.plan.formats:
            raise ServiceError("the NameNode's directory is empty or damaged while HDFS runs; first: ./lab down")
        self.java_home = java.java_home(settings)
        self.jars = jars.ensure_all(settings, *{service.jars for service in SERVICES if service.jars})
        check_ports(settings, services.ports(*todo))
        self.offsets = {service.name: _size(service.log(settings)) for service in todo}
        self.started: dict[str, psutil.Process] = {}

    def launch(self) -> None:
        for folder in (self.settings.home / "tmp", self.settings.log_dir, services.data_dir(self.settings)):
            folder.mkdir(0o700, parents=True, exist_ok=True)
        if self.plan.aside:
            broken = formatting.move_aside(self.settings, self.plan.aside)
            self.say(f"found the remains of a start or a write that was cut short, without data; moved to {broken}")
        if self.plan.restores_kafka:
            formatting.restore_kafka(self.settings)
        record_ports(self.settings)
        self.say(f"starting {', '.join(service.title for service in self.todo)}")
        with ThreadPoolExecutor() as pool:
            chains = [pool.submit(self._in_order, NAMENODE, DATANODE), pool.submit(self._in_order, KAFKA)]
            if DOOR in self.todo:
                command = services.python_command(self.settings, DOOR)
                self._start(DOOR, command, services.python_environment(self.settings))
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
                self._start(service, command, environment)

    def _start(self, service: Service, command: list[str], environment: dict[str, str]) -> None:
        self.started[service.name] = process.start(self.settings, service, command, environment)


def wait_ready(settings: Settings, alive: dict[str, psutil.Process], offsets: dict[str, int]) -> None:
    """Waits until every service keeps its promise; fails at once when one has died. offsets: how long each log was."""
    waiting, deadline = list(SERVICES), time.monotonic() + READY_TIMEOUT
    while waiting:
        for service in SERVICES:
            if not process.is_alive(alive[service.name]):
                raise failure(settings, service, "ended while starting", offsets)
        problems = {service: _problem_now(settings, service) for service in waiting}
        waiting = [service for service in waiting if problems[service]]
        if waiting and time.monotonic() > deadline:
            late = waiting[0]
            raise failure(settings, late, f"is not ready after {READY_TIMEOUT} s: {problems[late]}", offsets)
        time.sleep(0.2 if waiting else 0)


def _problem_now(settings: Settings, service: Service) -> str:
    problem = health.problem(settings, service)
    if problem == NO_TOPIC and make_topic(settings):
        return ""
    return problem


def failure(settings: Settings, service: Service, what: str, offsets: dict[str, int]) -> ServiceError:
    """What happened to a service, and why by its log."""
    log = service.log(settings)
    reason = last_error(log, offsets.get(service.name, 0)) or _last_line(service.printed(settings))
    return ServiceError(f"{service.title} {what}{f' ({reason})' if reason else ''}; its log: {log}")


def last_error(log: Path, offset: int) -> str:
    """The last line after `offset` that names an error, "" where there is none."""
    if not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(offset if offset <= _size(log) else 0)  # shorter: the log was rotated
        lines = file.read().decode(errors="replace").splitlines()
    return next((line.strip()[:300] for line in reversed(lines) if _ERROR.search(line)), "")


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").split("\n") if path.is_file() else []
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
