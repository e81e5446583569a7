"""The lab in Docker, from start to reset."""

import sys
from dataclasses import dataclass
from typing import Any, ClassVar

import click

from shoplab.core.console import Say, pass_on
from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings, load_settings
from shoplab.lab.docker import compose, environment, images, services
from shoplab.lab.docker.record import give_secrets, is_somebody_elses, read_secrets, record
from shoplab.lab.docker.start import start
from shoplab.lab.docker.status import status
from shoplab.lab.docker.submit import submit
from shoplab.lab.home import close
from shoplab.lab.lock import alone
from shoplab.lab.protocol import Choice, State


@dataclass(frozen=True)
class DockerLab:
    """A `Lab` of containers."""

    settings: Settings
    name: ClassVar[str] = "docker"

    def up(self, choice: Choice, say: Say) -> list[str]:
        settings = self.settings
        if is_somebody_elses(settings):
            raise LabError("a Docker lab with a home of its own needs a name too; type: SHOPLAB_PROJECT=NAME ./lab up")
        engine = compose.engine()
        compose.version()
        size = services.size_for(settings, engine, choice.size)
        settings.log_dir.mkdir(parents=True, exist_ok=True)
        with alone(settings):
            close(settings)
            environment.write(settings, {"SHOPLAB_SIZE": size})
            wanted = services.wanted(settings, choice)
            services.check_ports(settings, wanted)
            images.provide(settings, wanted, choice.offline, say)
            say(f"starting {len(wanted)} services ({size} size)")
            give_secrets(settings)
            start(settings, wanted, choice)
            environment.write(settings, read_secrets(settings))
            record(settings)
        return self._pages()

    def _pages(self) -> list[str]:
        settings = load_settings()
        running = {state.service for state in status(settings)}
        pages = [
            f"http://127.0.0.1:{getattr(settings, port):<6} {title}"
            for service, title, port in services.PAGES
            if service in running
        ]
        return [*pages, f"127.0.0.1:{settings.kafka_port:<13} Kafka"]

    def down(self) -> list[str]:
        """Removes the containers; volumes stay."""
        with alone(self.settings):
            running = compose.containers(self.settings, everything=False)
            compose.call(self.settings, "--profile", "*", "down", "--remove-orphans")
            self.settings.record.unlink(missing_ok=True)
            return sorted({container["Service"] for container in running})

    def status(self) -> list[State]:
        return status(self.settings)

    def logs(self, service: str | None, lines: int, follow: bool) -> None:
        there = {container["Service"] for container in compose.containers(self.settings)}
        if service and service not in there:
            raise LabError(f"no service {service} runs; there are {', '.join(sorted(there))}")
        words = ["logs", "--tail", str(lines), *(["--follow"] if follow else []), *([service] if service else [])]
        sys.exit(pass_on(compose.command(self.settings, *words), compose.variables(self.settings)))

    def holds(self) -> str:
        volumes = self._volumes()
        return f"{len(volumes)} Docker volumes" if volumes else ""

    def reset(self) -> None:
        self.down()
        compose.call(self.settings, "--profile", "*", "down", "--volumes", "--remove-orphans")

    def _volumes(self) -> list[str]:
        """The project's; none where no Docker answers, nor for a lab that has no project of its own."""
        if is_somebody_elses(self.settings):
            return []
        try:
            listed = compose.run(["docker", "volume", "ls", "--quiet", "--filter", compose.of_project(self.settings)])
        except ServiceError:
            return []
        return listed.stdout.split() if listed.returncode == 0 else []

    def submit(self, context: click.Context, options: dict[str, Any]) -> bool:
        return submit(self.settings, context, options)
