"""Measures how long the labs take to be healthy, their memory, and the Docker lab's images."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from shoplab.core.console import Say
from shoplab.core.settings import Settings
from shoplab.core.toolchain import jars, java
from shoplab.lab.docker import compose, images, services
from shoplab.lab.docker.lab import DockerLab
from shoplab.lab.embedded.lab import EmbeddedLab
from shoplab.lab.ports import with_free_ports
from shoplab.lab.protocol import Choice, Lab


@dataclass(frozen=True)
class Startup:
    """One run: seconds to healthy with formatting, seconds to healthy on existing data, resident MB of each service."""

    first_s: float
    second_s: float
    memory_mb: dict[str, float]

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"memory_mb_total": round(sum(self.memory_mb.values()), 1)}


def measure(settings: Settings, runs: int) -> Iterator[Startup]:
    """Starts a lab of its own, on free ports and an empty home, that many times. Jars and Java are fetched before."""
    java.java_home(settings)
    jars.ensure_all(settings, "hadoop", "kafka")
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="shoplab-bench-") as home:
            yield _measure_once(with_free_ports(replace(settings, home=Path(home), keep_spark_s=0)))


def _measure_once(settings: Settings) -> Startup:
    lab = EmbeddedLab(settings)
    try:
        first = _timed_up(lab, Choice())
        memory = {state.service: round(state.memory_mb, 1) for state in lab.status()}
        lab.down()
        return Startup(first, _timed_up(lab, Choice()), memory)
    finally:
        lab.down()


def _timed_up(lab: Lab, choice: Choice, say: Say = lambda _: None) -> float:
    start = time.perf_counter()
    lab.up(choice, say)
    return round(time.perf_counter() - start, 2)


# The Docker lab

PARENTS = {"base": "", "hadoop": "base", "kafka": "base", "spark": "base", "app": "spark"}
IDLE_S = 20  # after all is healthy, before memory is looked at
BENCH = "shoplab-bench"


@dataclass(frozen=True)
class DockerStartup:
    """One run. build_s: all core images without any cache, None where that was not asked for. first_up_s: on empty
    volumes, second_up_s: on their data. Memory: MB of each container, idle. images_mb: our images, shared layers once.
    left_out: services whose image can't be had here.
    """

    build_s: float | None
    first_up_s: float
    second_up_s: float
    memory_mb: dict[str, float]
    images_mb: float
    left_out: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"memory_mib_total": round(sum(self.memory_mb.values()) * 1e6 / 2**20)}


def measure_docker(settings: Settings, build: bool, without: tuple[str, ...], say: Say) -> DockerStartup:
    """Builds the images from nothing under a tag of their own, then starts a lab of its own from the images as they
    are: its own project, ports and empty volumes, all removed at the end. ServiceError where no Docker answers.
    """
    compose.engine()
    build_s = _timed_build(settings, say) if build else None
    with tempfile.TemporaryDirectory(prefix="shoplab-bench-") as home:
        lab = DockerLab(with_free_ports(replace(settings, home=Path(home), project=BENCH, lab="embedded")))
        choice = Choice(size="standard", without=without)
        lab.settings.log_dir.mkdir(parents=True)
        images.provide(lab.settings, services.wanted(lab.settings, choice), offline=False, say=say)
        try:
            first = _timed_up(lab, choice, say)
            time.sleep(IDLE_S)
            memory = {state.service: round(state.memory_mb, 1) for state in lab.status()}
            lab.down()
            return DockerStartup(build_s, first, _timed_up(lab, choice, say), memory, image_megabytes(), without)
        finally:
            lab.reset()


def _timed_build(settings: Settings, say: Say) -> float:
    """All core images with --no-cache. The tag of its own leaves the lab's images as they are."""
    say("building the core images from nothing")
    tag = {"SHOPLAB_TAG": "bench"}
    start = time.perf_counter()
    try:
        compose.call(settings, "build", "--no-cache", more=tag)
        return round(time.perf_counter() - start, 1)
    finally:
        compose.run(["docker", "image", "rm", *(f"shoplab/{name}:bench" for name in PARENTS)])


def image_megabytes() -> float:
    """Size of our core images on disk: a child adds what it is larger than its parent."""
    sizes = {"": 0} | {name: _image_bytes(f"shoplab/{name}:latest") for name in PARENTS}
    return round(sum(sizes[name] - sizes[parent] for name, parent in PARENTS.items()) / 1e6, 1)


def _image_bytes(image: str) -> int:
    return int(compose.run(["docker", "image", "inspect", "--format", "{{.Size}}", image]).stdout or 0)
