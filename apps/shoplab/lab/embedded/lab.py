"""The lab without Docker, from start to reset."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import click
import psutil

from shoplab.core.console import Say, pass_on
from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.lab.embedded import driver, health, process, services
from shoplab.lab.embedded.launch import READY_TIMEOUT, Launcher, failure, wait_ready
from shoplab.lab.embedded.record import check_same_ports
from shoplab.lab.embedded.services import API, DOOR, DRIVER, EVERY, SERVICES, Service
from shoplab.lab.home import close, made
from shoplab.lab.lock import alone, lock_file
from shoplab.lab.ports import check_ports
from shoplab.lab.protocol import Choice, State


@dataclass(frozen=True)
class EmbeddedLab:
    """A `Lab` of local processes."""

    settings: Settings
    name: ClassVar[str] = "embedded"

    def up(self, choice: Choice | None = None, say: Say = lambda _: None) -> list[str]:
        """Where it fails nothing of this start is left running, and data is as it was."""
        started = self.start(say)
        what = f"started {', '.join(service.title for service in started)}" if started else "was up already"
        if self.settings.keep_spark_s and DRIVER.name not in process.running(self.settings):
            driver.start(self.settings)
        say(f"{what}; HDFS in the browser: {DOOR.address(self.settings)}; Kafka: {self.settings.kafka}")
        return []

    def start(self, say: Say = lambda _: None) -> list[Service]:
        """Starts what is not running, and returns that when all is healthy."""
        with alone(self.settings):
            close(self.settings)
            before = process.running(self.settings)
            todo = [service for service in SERVICES if service.name not in before]
            check_same_ports(self.settings, before)
            launcher = Launcher(self.settings, todo, before, say) if todo else None
            started = launcher.started if launcher else {}
            try:
                if launcher:
                    launcher.launch()
                wait_ready(self.settings, before | started, launcher.offsets if launcher else {})
            except BaseException:
                self._take_down(started)
                raise
            return todo

    def down(self) -> list[str]:
        with alone(self.settings):
            return self._take_down(process.running(self.settings))

    def _take_down(self, ours: dict[str, psutil.Process]) -> list[str]:
        """Stops in reverse order of start: clients of HDFS before HDFS."""
        for service in reversed(EVERY):
            if service.name in ours:
                process.stop([ours[service.name]])
        if not process.running(self.settings):
            self.settings.record.unlink(missing_ok=True)
        return [service.name for service in EVERY if service.name in ours]

    def status(self) -> list[State]:
        """API and Spark only where they run."""
        alive = process.running(self.settings)
        shown = [*SERVICES, *(service for service in (API, DRIVER) if service.name in alive)]
        return [self._state(service, alive.get(service.name)) for service in shown]

    def _state(self, service: Service, found: psutil.Process | None) -> State:
        address = service.address(self.settings)
        if found is None:
            return State(service.name, "is stopped", 0.0, address)
        return State(service.name, health.problem(self.settings, service), _memory_mb(found), address, found.pid)

    def logs(self, service: str | None, lines: int, follow: bool) -> None:
        found = sorted(self.settings.log_dir.glob("*.log"))
        wanted = [log for log in found if service in (None, log.stem)]
        if not wanted:
            there = f"; there are {', '.join(log.stem for log in found)}" if found else ": nothing has run yet"
            raise LabError(f"no log{f' of {service}' if service else ''} in {self.settings.log_dir}{there}")
        sys.exit(pass_on(["tail", "-n", str(lines), *(["-F"] if follow else []), *map(str, wanted)]))

    def holds(self) -> str:
        """Without its lock no lab of ours made what lies there."""
        return f"the lab in {self.settings.home}" if lock_file(self.settings).exists() else ""

    def reset(self) -> None:
        self.down()
        for path in made(self.settings):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def submit(self, context: click.Context, options: dict[str, Any]) -> bool:
        """Spark runs in this process."""
        return False

    def start_api(self) -> None:
        """The API in the background, part of the lab until `down`. ServiceError where it does not answer in time."""
        settings = self.settings
        with alone(settings):
            check_ports(settings, API.ports)
            command, environment = services.python_command(settings, API), services.python_environment(settings)
            started = process.start(settings, API, command, environment)
            try:
                wait_until(
                    lambda: not (process.is_alive(started) and health.problem(settings, API)), READY_TIMEOUT, "late"
                )
                if not process.is_alive(started):
                    raise ServiceError("ended")
            except ServiceError:
                process.stop([started])
                raise failure(settings, API, "did not start", {}) from None


def _memory_mb(found: psutil.Process) -> float:
    try:
        return float(found.memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0


@contextmanager
def running_lab(settings: Settings, say: Say = lambda _: None, keep: bool = False) -> Iterator[Settings]:
    """A healthy lab for the time of a block. It is left running where it ran before, and with `keep`."""
    lab = EmbeddedLab(settings)
    ran_before = bool(process.running(settings))
    lab.start(say)
    try:
        yield settings
    finally:
        if not (ran_before or keep):
            lab.down()
