"""A bundle made here starts the lab in a fresh clone that has no network at all."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shoplab.core.settings import REPO
from shoplab.core.wait import wait_until
from shoplab.lab.docker import compose
from shoplab.lab.docker.lab import DockerLab
from tests.docker.conftest import Stack


@pytest.fixture
def cut_off() -> list[str]:
    """Runs a command without any network but its own loopback; Docker's socket is a file."""
    prefix = ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$0" "$@"']
    if subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip("cutting a process off the network needs root on Linux")
    return prefix


def test_a_bundle_is_all_it_takes(stack: Stack, tmp_path: Path, cut_off: list[str]) -> None:
    archive = tmp_path / "bundle.tar"
    said = stack.lab("bundle", str(archive), *stack.lacking)
    assert "./lab up --offline" in said
    assert not list(tmp_path.glob("*.partial"))
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--no-local", str(REPO), str(clone)], check=True)
    subprocess.run(["tar", "-C", str(clone), "-xf", str(archive)], check=True)
    archive.unlink()
    stack.lab("down")
    _move_tags("latest", "kept")  # as if Docker had never seen these images: the bundle's are the only ones
    keys = {key: value for key, value in stack.variables.items() if key != "PYTHONPATH"}
    own = keys | {"SHOPLAB_HOME": str(clone / ".lab"), "SHOPLAB_CACHE": str(tmp_path / "cache")}
    try:
        damaged_is_refused(stack, clone, own)
        up = [*cut_off, "./lab", "up", "--offline", *stack.lacking]
        done = subprocess.run(up, cwd=clone, env=own, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "HDFS" in done.stdout
        embedded = [*cut_off, "./lab", "generate", "--month", "2019-10", "--events", "1000", "--out", "oct.csv"]
        assert subprocess.run(embedded, cwd=clone, env=own, capture_output=True).returncode == 0
    finally:
        _move_tags("kept", "latest")
        shutil.rmtree(clone / "bundle")
        stack.up()
    wait_until(
        lambda: all(not state.problem for state in DockerLab(stack.settings).status()), 120, "the lab is not as it was"
    )


def damaged_is_refused(stack: Stack, clone: Path, variables: dict[str, str]) -> None:
    """A changed byte is one line, and nothing is loaded."""
    with changed(clone / "bundle" / "images.tar.gz"):
        up = ["./lab", "up", "--offline", *stack.lacking]
        done = subprocess.run(up, cwd=clone, env=variables, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "images.tar.gz is damaged" in done.stderr
    assert not compose.has_image("shoplab/app:latest")


@contextmanager
def changed(file: Path) -> Iterator[None]:
    """A byte in the middle of it is another for the time of a block."""
    _flip(file)
    yield
    _flip(file)


def _flip(file: Path) -> None:
    with file.open("r+b") as content:
        content.seek(file.stat().st_size // 2)
        byte = content.read(1)[0]
        content.seek(-1, os.SEEK_CUR)
        content.write(bytes([byte ^ 1]))


def _move_tags(old: str, new: str) -> None:
    for image in ("base", "hadoop", "kafka", "spark", "app"):
        subprocess.run(["docker", "tag", f"shoplab/{image}:{old}", f"shoplab/{image}:{new}"], check=True)
        subprocess.run(["docker", "image", "rm", f"shoplab/{image}:{old}"], check=True, capture_output=True)
