"""Several processes on one port, on a real port."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import psutil

from shoplab.core.settings import REPO, Settings, as_environment
from shoplab.core.wait import wait_until
from shoplab.lab.ports import free_port


def test_who_dies_is_replaced_and_all_end_together(settings: Settings, tmp_path: Path) -> None:
    own = replace(settings, home=tmp_path, api_port=free_port())
    environment = as_environment(own) | {
        "PYTHONPATH": str(REPO / "apps"), "SHOPLAB_WEBHDFS_URL": "http://127.0.0.1:9",
        "SHOPLAB_KAFKA_BOOTSTRAP": "127.0.0.1:9",
    }  # fmt: skip
    words = [sys.executable, "-m", "shoplab", "serve", "--workers", "2"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(words, env=environment, stdout=log, stderr=log, cwd=REPO)
    try:
        wait_until(lambda: _answers(own) and len(_children(process)) == 2, 60, (tmp_path / "log").read_text())
        victim, other = _children(process)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(set(_children(process)) - {victim}) == 2, 30, "no other took its place")
        assert other in _children(process)
        wait_until(lambda: _answers(own), 30, "it does not answer any more")
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert not _answers(own)


def _children(process: "subprocess.Popen[bytes]") -> list[int]:
    return [child.pid for child in psutil.Process(process.pid).children() if child.status() != psutil.STATUS_ZOMBIE]


def _answers(settings: Settings) -> bool:
    try:
        return httpx.get(f"{settings.api_url}/health", trust_env=False, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
