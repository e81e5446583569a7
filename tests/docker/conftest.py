"""One Docker lab for all tests in this folder: with a project, a home and ports of its own, beside yours."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from shoplab.core.errors import LabError
from shoplab.core.settings import PORTS, REPO, Settings, load_settings, variable
from shoplab.events.generator import generate
from shoplab.lab.docker import compose
from shoplab.lab.docker.lab import DockerLab
from shoplab.lab.ports import with_free_ports

HERE = Path(__file__).parent
PROJECT = "shoplab-test"
OCTOBER, NOVEMBER = 20_000, 3_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The whole stack takes a while to build and to recover."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(1500))


@dataclass
class Stack:
    """A running Docker lab, spoken to as a user does: by ./lab, by HTTP, by clients on this machine."""

    settings: Settings
    without: tuple[str, ...]
    segments: Path = Path()

    @property
    def variables(self) -> dict[str, str]:
        own = {"SHOPLAB_HOME": str(self.settings.home), "SHOPLAB_PROJECT": PROJECT, "PYTHONPATH": str(REPO / "apps")}
        return os.environ | own | {variable(port): str(getattr(self.settings, port)) for port in PORTS}

    def lab(self, *arguments: str, fails: bool = False, **more: str) -> str:
        """Runs ./lab and returns all it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "shoplab", *arguments], env=self.variables | more, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=900,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, f"./lab {' '.join(arguments)}: {done.returncode}\n{said}"
        return said

    @property
    def lacking(self) -> tuple[str, ...]:
        """`up`'s and `bundle`'s options for what can't be had here."""
        return tuple(option for name in self.without for option in ("--without", name))

    def up(self, *arguments: str, fails: bool = False) -> str:
        return self.lab("up", *self.lacking, *arguments, fails=fails)

    def containers(self) -> dict[str, dict[str, Any]]:
        """Service -> `docker inspect`, of what runs."""
        found = {c["Service"]: c["ID"] for c in compose.containers(self.settings, everything=False)}
        told = json.loads(subprocess.run(["docker", "inspect", *found.values()], capture_output=True).stdout)
        return dict(zip(found, told, strict=True))

    def run(self, service: str, *command: str) -> str:
        """A command in a running container."""
        return compose.call(self.settings, "exec", "-T", service, *command)

    def reload(self) -> Settings:
        """What later commands know of the running lab: tokens and the like."""
        return load_settings(self.variables)


@pytest.fixture(scope="session")
def engine() -> None:
    """Skips where no Docker answers; fails where CI says that one must."""
    try:
        compose.engine()
        compose.version()
    except LabError as error:
        (pytest.fail if os.environ.get("SHOPLAB_TEST_DOCKER") == "required" else pytest.skip)(str(error))


@pytest.fixture(scope="session")
def stack(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("docker-lab")
    home.chmod(0o755)
    settings = with_free_ports(replace(load_settings({"SHOPLAB_HOME": str(home)}), project=PROJECT, lab="docker"))
    services = compose.configuration(settings)["services"]
    # Official images are pulled where that is possible; Grafana's boards have tests of their own (tests/grafana)
    missing = tuple(name for name in ("grafana",) if name in services and not _can_have(services[name]["image"]))
    stack = Stack(settings, missing)
    DockerLab(settings).reset()
    try:
        stack.up("--size", "small")  # the tighter one
        yield stack
    finally:
        print("\n".join(compose.log_tail(settings, "stream", 30)))
        DockerLab(settings).reset()


def _can_have(image: str) -> bool:
    return compose.has_image(image) or compose.run(["docker", "pull", "--quiet", image]).returncode == 0


@pytest.fixture(scope="session")
def told(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The lab after the whole job: two months, models, the stream drained."""
    folder = tmp_path_factory.mktemp("months")
    october, november = folder / "2019-10.csv", folder / "2019-11.csv"
    generate(october, "2019-10", OCTOBER, 7)
    generate(november, "2019-11", NOVEMBER, 7)
    assert f"{OCTOBER:,} rows" in stack.lab("ingest", str(october))
    assert "sessions" in stack.lab("analyse")
    assert "users" in stack.lab("segment", "--out", str(folder / "segments.csv"))
    assert "recommender" in stack.lab("train")
    assert f"{NOVEMBER:,} events sent" in stack.lab("replay", str(november), "--rate", "300")
    assert "processed" in stack.lab("stream", "--drain")
    assert "accounted for" in stack.lab("verify")
    stack.segments = folder / "segments.csv"
    return stack


@pytest.fixture(scope="session")
def full(told: Stack) -> Stack:
    """The same with all that runs on request."""
    told.up("--with", "jupyter", "--with", "locust")
    return told
