"""The scripts that give a CI machine its Docker: they spare what they did not make, and agree on versions."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from shoplab.core.settings import REPO

SCRIPTS = REPO / "scripts"


def run(script: str, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """A script with some environment of its own; nothing here builds, installs or starts anything."""
    command = [str(SCRIPTS / script), *arguments]
    return subprocess.run(command, env=os.environ | environ, capture_output=True, text=True, timeout=60)


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def without_compose(tmp_path: Path) -> dict[str, str]:
    """A machine whose docker knows no `compose`, with an empty cache."""
    program(tmp_path / "bin" / "docker", "exit 1")
    return {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "DOCKER_CONFIG": str(tmp_path / "docker"),
        "SHOPLAB_CACHE": str(tmp_path / "cache"),
    }


def test_an_old_plugin_of_the_users_is_named_and_kept(tmp_path: Path, without_compose: dict[str, str]) -> None:
    plugin = program(tmp_path / "docker" / "cli-plugins" / "docker-compose", "echo v2.19.1")
    said = run("build-compose", **without_compose)
    assert (said.returncode, said.stdout) == (3, "")
    assert said.stderr == f"build-compose: {plugin} is not Compose 2.20 or later; move it away, then run it again\n"
    assert "2.19.1" in plugin.read_text()


@pytest.mark.parametrize("version", ["2.20.0", "v2.40.3", "2.29.1-desktop.1", "v3.0.0"])
def test_a_plugin_that_is_new_enough_is_taken(tmp_path: Path, without_compose: dict[str, str], version: str) -> None:
    plugin = program(tmp_path / "docker" / "cli-plugins" / "docker-compose", f"echo {version}")
    said = run("build-compose", **without_compose)
    assert (said.returncode, said.stdout, said.stderr) == (0, f"{plugin}\n", "")
    assert not (tmp_path / "cache").exists()


def test_stop_ends_nothing_but_the_engine_it_started(tmp_path: Path) -> None:
    """The pid on record may be another program's by now."""
    with subprocess.Popen(["sleep", "60"]) as other:
        (tmp_path / "dockerd").write_text(f"{other.pid} \n")
        said = run("ci-docker", "stop", CI_DOCKER_STATE=str(tmp_path))
        alive = other.poll() is None
        other.kill()
    assert (said.returncode, said.stderr) == (0, "")
    assert alive
    assert run("ci-docker", "stop", CI_DOCKER_STATE=str(tmp_path)).returncode == 0


def test_an_unknown_word_says_what_to_type() -> None:
    said = run("ci-docker", "sotp")
    assert said.returncode == 3
    assert said.stderr == "ci-docker: what is sotp? Type: scripts/ci-docker, or scripts/ci-docker stop\n"


def test_the_stand_in_for_influxdb_is_of_the_labs_version(tmp_path: Path) -> None:
    """Where one of the version in docker-compose.yml is there, nothing is built."""
    [version] = re.findall(r"image: influxdb:(\S+)", (REPO / "docker-compose.yml").read_text())
    built = program(tmp_path / "influxd" / version / "influxd", "exit 0")
    said = run("build-influxd", SHOPLAB_CACHE=str(tmp_path))
    assert (said.returncode, said.stdout) == (0, f"{built}\n")


@pytest.mark.parametrize("pin", ["pyspark==", "image: influxdb:", "image: grafana/grafana:"])
def test_a_version_stands_in_one_place(pin: str) -> None:
    """Else the next one is forgotten somewhere. Locks and the history may repeat it."""
    texts = {path: path.read_text(encoding="utf-8") for path in tracked()}
    [version] = {found for text in texts.values() for found in re.findall(rf"{pin}(\d[\w.]*)", text)}
    assert len([path for path, text in texts.items() if version in text]) == 1


def tracked() -> list[Path]:
    """The repository's text files but locks, the changelog and these tests."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    suffixes = {".py", ".md", ".yml", ".yaml", ".toml", ".env", ".sh", ".json", ""}
    paths = [
        REPO / name for name in listed.stdout.split("\n") if name and not name.startswith(("requirements/", "tests/"))
    ]
    return [path for path in paths if path.suffix in suffixes and path.name != "CHANGELOG.md" and path.is_file()]
