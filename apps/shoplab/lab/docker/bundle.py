"""Everything that `./lab` would fetch, in one archive: images, Python packages, the servers' jars, and their checksums.

Unpacked in the repository's folder it is `bundle/`: the launcher installs from bundle/wheels, jars are taken from
bundle/jars, and `./lab up --offline` checks all of it and loads bundle/images.tar.gz.
"""

import gzip
import json
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from shoplab import __version__
from shoplab.core.console import Say
from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import REPO, Settings
from shoplab.core.toolchain import jars
from shoplab.lab.docker import checksums, compose, images
from shoplab.lab.docker.services import wanted
from shoplab.lab.protocol import Choice

LOCKS = ("pip", "build", "run", "java")


def make(settings: Settings, target: Path, profiles: tuple[str, ...], without: tuple[str, ...], say: Say) -> int:
    """Writes the archive, whole or not at all, and returns its size in bytes. Needs Docker, a network, and the disk."""
    if not target.absolute().parent.is_dir():
        raise LabError(f"there is no directory {target.absolute().parent}; make it first")
    info = compose.engine()
    services = wanted(settings, Choice(profiles=profiles, without=without))
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    images.provide(settings, services, offline=False, say=say)
    names = sorted({service["image"] for service in services.values()})
    partial = target.with_name(f"{target.name}.partial")
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".bundle-") as scratch:
        folder = Path(scratch)
        try:
            _collect(settings, folder, names, info["Architecture"], say)
            say("packing")
            with tarfile.open(partial, "w") as archive:
                archive.add(folder, arcname=images.BUNDLE.name)
            partial.replace(target)
        except OSError as error:
            raise ServiceError(
                f"the bundle can't be written: {error.strerror}; free some space or name another place"
            ) from None
        finally:
            partial.unlink(missing_ok=True)
    return target.stat().st_size


def _collect(settings: Settings, folder: Path, names: list[str], architecture: str, say: Say) -> None:
    say("fetching Python packages")
    for lock in LOCKS:
        _wheels(folder / "wheels", REPO / "requirements" / f"{lock}.txt")
    say("copying the servers' jars")
    for paths in jars.ensure_all(settings, *jars.GROUPS).values():
        for path in paths:
            place = folder / "jars" / path.relative_to(settings.cache / "jars")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    say(f"saving {len(names)} images")
    _save(names, folder / images.ARCHIVE)
    about = {
        "shoplab": __version__, "sources": images.checksum(), "images": names, "architecture": architecture,
        "python": f"{sys.version_info.major}.{sys.version_info.minor}", "machine": platform.machine(),
    }  # fmt: skip
    (folder / "bundle.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    checksums.write(folder)


def _wheels(folder: Path, lock: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes",
               "--no-build-isolation", "--dest", str(folder), "--requirement", str(lock)]  # fmt: skip
    done = compose.run(command)
    if done.returncode != 0:
        raise ServiceError(f"the Python packages can't be fetched: {compose.reason(done.stderr)}")


def _save(names: list[str], target: Path) -> None:
    with subprocess.Popen(["docker", "save", *names], stdout=subprocess.PIPE) as saving:
        assert saving.stdout is not None
        with gzip.open(target, "wb", compresslevel=1) as packed:
            shutil.copyfileobj(saving.stdout, packed, 1 << 20)
    if saving.returncode != 0:
        raise ServiceError("docker save failed; ./lab doctor")
