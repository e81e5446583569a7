"""Calls of Docker Compose for this lab, and what the engine says about itself."""

import json
import os
import re
import shutil
import subprocess
from typing import Any

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import PORTS, REPO, Settings, env_file
from shoplab.lab.docker import environment

OLDEST = (2, 20)  # Compose that waits for one-shot services
NOT_INSTALLED = "Docker is not installed (docs/docker.md says how); without it: ./lab up --embedded"


def command(settings: Settings, *arguments: str) -> list[str]:
    """`docker compose` on the lab's own project, with .env and the size that it names."""
    size = environment.read(settings).get("SHOPLAB_SIZE", "standard")
    files = [REPO / "images" / f"{size}.env", env_file(settings.home)]
    given = [option for file in files if file.is_file() for option in ("--env-file", str(file))]
    return [
        "docker", "compose", "--project-name", settings.project, "--project-directory", str(REPO), *given,
        "--file", str(REPO / "docker-compose.yml"), *arguments,
    ]  # fmt: skip


def variables(settings: Settings) -> dict[str, str]:
    """The caller's environment, with the settings' ports for ${SHOPLAB_..._PORT} in docker-compose.yml."""
    return os.environ | {f"SHOPLAB_{port.upper()}": str(getattr(settings, port)) for port in PORTS}


def call(settings: Settings, *arguments: str, more: dict[str, str] | None = None, given: str = "") -> str:
    """Runs a Compose command, with `given` on its standard input, and returns its output. ServiceError with its last
    line where it fails.
    """
    done = run(command(settings, *arguments), variables(settings) | (more or {}), given)
    if done.returncode != 0:
        raise ServiceError(f"docker compose {arguments[0]}: {reason(done.stderr or done.stdout)}")
    return done.stdout


def run(
    command: list[str], variables: dict[str, str] | None = None, given: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Runs a program whatever its exit code. ServiceError where there is no docker."""
    try:
        return subprocess.run(command, env=variables, input=given, capture_output=True, text=True, errors="replace")
    except FileNotFoundError:
        raise ServiceError(NOT_INSTALLED) from None


def reason(said: str) -> str:
    """The last line that says anything."""
    return next((line.strip()[:300] for line in reversed(said.splitlines()) if line.strip()), "no reason given")


def engine() -> dict[str, Any]:
    """`docker info` of an engine that answers. ServiceError says what to type where none does."""
    if shutil.which("docker") is None:
        raise ServiceError(NOT_INSTALLED)
    done = run(["docker", "info", "--format", "{{json .}}"])
    try:
        info: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        info = {}
    problems = " ".join(info.get("ServerErrors") or [] if done.returncode == 0 else [reason(done.stderr)])
    if "permission denied" in problems:
        raise ServiceError("you may not use Docker; type: sudo usermod -aG docker $USER, then log in again")
    if problems or not info.get("ServerVersion"):
        hint = "start Docker Desktop, or on Linux and WSL: sudo service docker start; without it: ./lab up --embedded"
        raise ServiceError(f"the Docker engine does not answer; {hint}")
    return info


def version() -> tuple[int, ...]:
    """Compose's version. LabError where it is missing or too old."""
    done = run(["docker", "compose", "version", "--short"])
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", done.stdout.strip())
    wanted = ".".join(map(str, OLDEST))
    if done.returncode != 0 or not found:
        raise LabError(f"Docker Compose 2 is missing; install {wanted} or newer (docs/docker.md says how)")
    numbers = tuple(int(part) for part in found.groups())
    if numbers < OLDEST:
        raise LabError(f"Docker Compose {done.stdout.strip()} is too old; install {wanted} or newer (docs/docker.md)")
    return numbers


def containers(settings: Settings, everything: bool = True) -> list[dict[str, Any]]:
    """The project's containers as `docker compose ps` tells them: Service, State, Health, Publishers, …"""
    text = call(settings, "ps", "--format", "json", *(["--all"] if everything else []))
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def configuration(settings: Settings, *profiles: str) -> dict[str, Any]:
    """docker-compose.yml with all values filled in."""
    chosen = [option for profile in profiles for option in ("--profile", profile)]
    read: dict[str, Any] = json.loads(call(settings, *chosen, "config", "--format", "json"))
    return read


def of_project(settings: Settings) -> str:
    """Docker's --filter for what Compose made for this lab: containers, volumes, images."""
    return f"label=com.docker.compose.project={settings.project}"


def has_image(name: str) -> bool:
    return run(["docker", "image", "inspect", name]).returncode == 0


def label(image: str, name: str) -> str:
    """A label of a local image, "" where there is no such image or label."""
    done = run(["docker", "image", "inspect", "--format", f'{{{{index .Config.Labels "{name}"}}}}', image])
    return done.stdout.strip() if done.returncode == 0 else ""


def log_tail(settings: Settings, service: str, lines: int = 200) -> list[str]:
    done = run(command(settings, "logs", "--no-color", "--no-log-prefix", "--tail", str(lines), service))
    return (done.stdout + done.stderr).splitlines()
