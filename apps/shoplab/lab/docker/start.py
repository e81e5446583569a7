"""Starts the services and waits until they are healthy; where one is not, says which, and why by its log."""

import subprocess
import tempfile
import time
from collections.abc import Iterable

from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings
from shoplab.lab.docker import compose
from shoplab.lab.protocol import Choice

WAIT_S = 180
FUTILE_RESTARTS = 2


def start(settings: Settings, services: Iterable[str], choice: Choice) -> None:
    """ServiceError names the service that failed."""
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
    output = compose.run(["docker", "inspect", "--format", "{{.Id}} {{.RestartCount}}", *ids]).stdout if ids else ""
    return {container: int(count) for container, count in (line.split() for line in output.splitlines())}


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
