"""What goes wrong with Docker labs, provoked for real where that can be: one line with the fix, nothing lost."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from shoplab.core.settings import REPO, Settings, env_file, load_settings
from shoplab.lab.docker import compose, images
from shoplab.lab.docker.environment import read, write


def lab(home: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """./lab with a home of its own: exit code and what it printed."""
    places = {"SHOPLAB_HOME": str(home), "SHOPLAB_PROJECT": "shoplab-fault", "PYTHONPATH": str(REPO / "apps")}
    own = os.environ | places | variables
    command = [sys.executable, "-m", "shoplab", *arguments]
    done = subprocess.run(command, env=own, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    return done.returncode, (done.stdout + done.stderr).strip()


def one_line(said: str) -> bool:
    return len(said.splitlines()) == 1 and said.startswith("lab: ")


def test_without_docker(tmp_path: Path) -> None:
    code, said = lab(tmp_path, "up", PATH=str(tmp_path))
    assert code == 3
    assert one_line(said)
    assert "not installed" in said
    assert "./lab up --embedded" in said


@pytest.mark.skipif(shutil.which("docker") is None, reason="no docker client here")
def test_engine_not_running(tmp_path: Path) -> None:
    code, said = lab(tmp_path, "up", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert code == 3
    assert one_line(said)
    assert "does not answer" in said


def test_a_home_of_its_own_never_touches_the_common_project(engine: None, tmp_path: Path) -> None:
    """Else `reset` there would delete the volumes of the lab in this folder."""
    code, said = lab(tmp_path, "up", SHOPLAB_PROJECT="shoplab")
    assert code == 2
    assert "SHOPLAB_PROJECT=NAME" in said
    code, said = lab(tmp_path, "reset", "--yes", SHOPLAB_PROJECT="shoplab")
    assert code == 0
    assert "there is no lab" in said


def shim(folder: Path, case: str, answer: str) -> str:
    """A `docker` that gives one answer of its own, for what the real one here can't show; else it is the real one."""
    script = folder / "docker"
    script.write_text(
        f'#!/bin/sh\ncase "$*" in {case}) echo \'{answer}\' ;; *) exec {shutil.which("docker")} "$@" ;; esac\n'
    )
    script.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_old_compose(engine: None, tmp_path: Path) -> None:
    code, said = lab(tmp_path, "up", PATH=shim(tmp_path, "'compose version'*", "2.10.2"))
    assert code == 2
    assert one_line(said)
    assert "2.10.2 is too old" in said


def test_too_little_memory(engine: None, tmp_path: Path) -> None:
    answer = '{"ServerVersion": "28.0", "MemTotal": 2147483648}'
    code, said = lab(tmp_path, "up", PATH=shim(tmp_path, "info*", answer))
    assert code == 2
    assert one_line(said)
    assert "2.0 GiB" in said


def test_port_taken(engine: None, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        code, said = lab(tmp_path, "up", "--without", "grafana", SHOPLAB_HISTORY_PORT=str(number))
    assert code == 3
    assert f"port {number} is taken by" in said
    assert "SHOPLAB_HISTORY_PORT=" in said
    assert one_line(said)


def test_offline_without_images(engine: None, tmp_path: Path) -> None:
    ports = {f"SHOPLAB_{name}": str(31000 + i) for i, name in enumerate(_PORTS)}
    code, said = lab(tmp_path, "up", "--offline", "--without", "grafana", SHOPLAB_TAG="nowhere", **ports)
    assert code == 3
    assert "./lab bundle" in said
    assert one_line(said)


_PORTS = ("NAMENODE_HTTP_PORT", "NAMENODE_PORT", "DATANODE_HTTP_PORT", "KAFKA_PORT", "API_PORT", "SPARK_MASTER_PORT",
          "HISTORY_PORT", "INFLUX_PORT", "GRAFANA_PORT")  # fmt: skip


def test_build_without_network(engine: None, tmp_path: Path) -> None:
    """A real build whose only way out is a proxy that isn't there."""
    settings = load_settings({"SHOPLAB_HOME": str(tmp_path)})
    proxy = ["--build-arg", "http_proxy=http://127.0.0.1:9", "--build-arg", "https_proxy=http://127.0.0.1:9"]
    build = compose.command(settings, "build", "--no-cache", *proxy, "secrets")
    log = tmp_path / "build.log"
    with log.open("wb") as out:
        tag = compose.variables(settings) | {"BUILDKIT_PROGRESS": "plain", "SHOPLAB_TAG": "fault"}
        assert subprocess.run(build, env=tag, stdout=out, stderr=out).returncode != 0
    assert "can't be built without a network" in images.build_failure(log)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"nonsense", ".env line 1 is not KEY=VALUE"),
        (b"# fine\n\nKAFKA_MEMORY=lots", ".env line 3: KAFKA_MEMORY must be such as 448m"),
        (b"KAFKA_MEMROY=448m", ".env line 1: nothing reads KAFKA_MEMROY"),
        (b"JUPYTER_TOKEN=short", "JUPYTER_TOKEN must be 8 or more"),
        (b"SHOPLAB_API_PORT=eighty", "SHOPLAB_API_PORT"),
        (b"SHOPLAB_SIZE=huge", "small or standard"),
        (b"\xff\xfe\x00binary", "is not a text file"),
    ],
)
def test_env_edited_into_nonsense(engine: None, tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / ".env").write_bytes(content)
    code, said = lab(tmp_path, "up")
    assert code == 2
    assert says in said
    assert one_line(said)
    assert (tmp_path / ".env").read_bytes() == content


def test_writing_env_keeps_what_a_user_wrote(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    env_file(tmp_path).write_text("# mine\nKAFKA_MEMORY=600m\nJUPYTER_TOKEN=abcdefgh1\n")
    write(settings, {"JUPYTER_TOKEN": "abcdefgh2", "SHOPLAB_SIZE": "small"})
    assert env_file(tmp_path).read_text() == "# mine\nKAFKA_MEMORY=600m\nJUPYTER_TOKEN=abcdefgh2\nSHOPLAB_SIZE=small\n"
    assert env_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert read(settings)["KAFKA_MEMORY"] == "600m"
