"""The containers as `status` shows them."""

import json
from typing import Any

from shoplab.core.settings import Settings
from shoplab.lab.docker import compose
from shoplab.lab.docker.services import PAGES
from shoplab.lab.protocol import State


def status(settings: Settings) -> list[State]:
    """Every container, asked now. One-shots that did their work are left out."""
    found = [c for c in compose.containers(settings) if not (c["State"] == "exited" and c.get("ExitCode") == 0)]
    memory = _memory([container["ID"] for container in found])
    addresses = {service: f"http://127.0.0.1:{getattr(settings, port)}" for service, _, port in reversed(PAGES)}
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
    output = compose.run(["docker", "stats", "--no-stream", "--format", "{{json .}}", *ids]).stdout
    rows = (json.loads(line) for line in output.splitlines() if line.startswith("{"))
    return {row["ID"][:12]: _megabytes(row["MemUsage"].split("/")[0].strip()) for row in rows}


def _megabytes(text: str) -> float:
    """Docker's "165.2MiB"."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10), ("B", 1)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor / 1e6
    return 0.0
