"""The Docker lab's images: built from images/Dockerfile when they are missing or their sources have changed."""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from shoplab.core.console import Say
from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import REPO, Settings
from shoplab.lab.docker import checksums, compose

BUNDLE = REPO / "bundle"  # of `./lab bundle`, unpacked
ARCHIVE = "images.tar.gz"
SOURCES = ("apps", "images", "loadtest", "requirements")
LABEL = "shoplab.sources"  # of the images that hold the apps' code; the servers' images don't change with it
LABELLED = ("app", "jupyter", "locust")
_NO_NETWORK = (  # as the engine, apt, pip and the lab's own fetching say it
    "no such host", "failed to do request", "Unable to locate package", "Failed to fetch", "Temporary failure",
    "Could not resolve", "Could not connect", "ConnectionError", "timed out", "can't be reached",
)  # fmt: skip


def provide(settings: Settings, wanted: dict[str, Any], offline: bool, say: Say) -> None:
    """Builds our images where they are missing or outdated. ServiceError where one can't be had."""
    built = {name: service["image"] for name, service in wanted.items() if "build" in service}
    others = {service["image"] for service in wanted.values() if not service["image"].startswith("shoplab/")}
    fresh = checksum()
    stale = [image for image in built.values() if _is_stale(image, fresh)]
    if offline:
        _check_offline({*built.values(), *others})
        return
    if stale:
        say(f"building images (the first time some minutes): {', '.join(sorted(stale))}")
        build(settings, fresh, list(built))
    for image in sorted(others):
        if not compose.has_image(image):
            say(f"pulling {image}")
            _pull(image)


def _is_stale(image: str, fresh: str) -> bool:
    name = image.removeprefix("shoplab/").split(":")[0]
    return not compose.has_image(image) or (name in LABELLED and compose.label(image, LABEL) != fresh)


def checksum() -> str:
    """Of every file that goes into an image."""
    digest = hashlib.sha256()
    for path in sorted(file for folder in SOURCES for file in _files(REPO / folder)):
        digest.update(f"{path.relative_to(REPO)}\0{os.access(path, os.X_OK)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def build(settings: Settings, sources: str, services: list[str]) -> None:
    """Builds the services' images; the log is .lab/logs/build.log. ServiceError with the step that failed."""
    log = settings.log_dir / "build.log"
    variables = compose.variables(settings) | {"SHOPLAB_SOURCES": sources, "BUILDKIT_PROGRESS": "plain"}
    with log.open("wb") as out:
        done = subprocess.run(
            compose.command(settings, "--profile", "*", "build", *services), env=variables, stdin=subprocess.DEVNULL,
            stdout=out, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise ServiceError(build_failure(log))
    # Those that the new ones replace
    compose.run(["docker", "image", "prune", "--force", "--filter", compose.of_project(settings)])


def build_failure(log: Path) -> str:
    said = log.read_text(encoding="utf-8", errors="replace")
    if any(sign in said for sign in _NO_NETWORK):
        return (
            "the images can't be built without a network; connect, or use a bundle from a machine that has one "
            f"(./lab bundle, then ./lab up --offline); details: {log}"
        )
    if "No space left on device" in said:
        return f"the images can't be built: the disk is full; free some space (docker system prune); details: {log}"
    return f"the images could not be built: {compose.reason(said)}; details: {log}"


def _pull(image: str) -> None:
    done = compose.run(["docker", "pull", "--quiet", image])
    if done.returncode != 0:
        name = image.split("/")[-1].split(":")[0]
        raise ServiceError(
            f"the image {image} can't be pulled ({compose.reason(done.stderr)}); check the network, or go without it: "
            f"./lab up --without {name}"
        )


def _check_offline(needed: set[str]) -> None:
    lacking = [image for image in needed if not compose.has_image(image)]
    if lacking and load_bundled():
        lacking = [image for image in lacking if not compose.has_image(image)]
    if lacking:
        raise ServiceError(
            f"--offline, but Docker lacks {', '.join(sorted(lacking))}; bring a bundle: "
            "./lab bundle where there is a network, then unpack it here (docs/docker.md)"
        )


def load_bundled() -> bool:
    """Loads the bundle's images into Docker. False where there is no bundle; LabError, and nothing is loaded, for one
    that is damaged or of other machines.
    """
    archive = BUNDLE / ARCHIVE
    if not BUNDLE.is_dir():
        return False
    checksums.check(BUNDLE)
    here = str(compose.engine()["Architecture"])
    there = json.loads((BUNDLE / "bundle.json").read_text(encoding="utf-8"))["architecture"]
    if here != there:
        raise LabError(f"the bundle was made for {there}, this Docker is {here}; make one on a machine like this")
    done = compose.run(["docker", "load", "--quiet", "--input", str(archive)])
    if done.returncode != 0:
        raise ServiceError(f"the bundle's images can't be loaded: {compose.reason(done.stderr)}")
    return True
