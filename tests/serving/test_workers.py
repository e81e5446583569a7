"""Several processes on one port, on a real port."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import psutil

from shoplab.core.settings import REPO, Settings, as_environment
from shoplab.core.wait import wait_until
from shoplab.lab.ports import free_port


def test_who_dies_is_replaced_and_all_end_together(settings: Settings, tmp_path: Path) -> None:
    with started(settings, tmp_path) as (own, process):
        _, victim, other = _children(process)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(set(_children(process)) - {victim}) == 3, 30, "no other took its place")
        assert other in _children(process)
        wait_until(lambda: _answers(own), 30, "it does not answer any more")
    assert process.returncode == 0
    assert not _answers(own)


def test_all_end_with_one_that_is_killed(settings: Settings, tmp_path: Path) -> None:
    with started(settings, tmp_path) as (own, process):
        children = _children(process)
        process.kill()
        process.wait(30)
        wait_until(lambda: not any(map(psutil.pid_exists, children)), 30, "a process without a parent goes on")
        assert not _answers(own)


@contextmanager
def started(settings: Settings, home: Path) -> "Iterator[tuple[Settings, subprocess.Popen[bytes]]]":
    """Two workers, without HDFS and Kafka, that answer."""
    own = replace(settings, home=home, api_port=free_port())
    environment = as_environment(own) | {
        "PYTHONPATH": str(REPO / "apps"), "SHOPLAB_WEBHDFS_URL": "http://127.0.0.1:9",
        "SHOPLAB_KAFKA_BOOTSTRAP": "127.0.0.1:9",
    }  # fmt: skip
    words = [sys.executable, "-m", "shoplab", "serve", "--workers", "2"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(words, env=environment, stdout=log, stderr=log, cwd=REPO)
    try:
        wait_until(lambda: _answers(own) and len(_children(process)) == 3, 60, (home / "log").read_text())
        yield own, process
    finally:
        process.terminate()
        process.wait(30)


def _children(process: "subprocess.Popen[bytes]") -> list[int]:
    return [child.pid for child in psutil.Process(process.pid).children() if child.status() != psutil.STATUS_ZOMBIE]


def _answers(settings: Settings) -> bool:
    try:
        return httpx.get(f"{settings.api_url}/health", trust_env=False, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
