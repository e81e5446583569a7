import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from shoplab.core.settings import Settings
from shoplab.lab.embedded import process
from shoplab.lab.embedded.services import KAFKA, marks

SLEEP = [sys.executable, "-c", "import sys, time; print('awake', flush=True); time.sleep(60)"]


@pytest.fixture
def lab(tmp_path: Path) -> Settings:
    settings = replace(Settings(), home=tmp_path)
    settings.log_dir.mkdir()
    return settings


def test_processes_are_known_by_home_and_service(lab: Settings, tmp_path: Path) -> None:
    started = process.start(lab, KAFKA, SLEEP + list(marks(lab, "kafka")), dict(os.environ))
    try:
        assert process.running(lab) == {"kafka": started}
        assert process.running(replace(lab, home=tmp_path / "other")) == {}
        assert os.getsid(started.pid) == started.pid  # Ctrl-C in our terminal does not reach it
    finally:
        process.stop([started])
    assert process.running(lab) == {}
    assert not process.is_alive(started)


def test_a_stubborn_process_is_killed(lab: Settings) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    process.stop([psutil.Process(child.pid)], grace=0.2)
    assert not psutil.pid_exists(child.pid)
    child.wait()
