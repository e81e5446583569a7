import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from shoplab.errors import LabError, ServiceError
from shoplab.lab import process
from shoplab.lab.services import KAFKA, NAMENODE, marks
from shoplab.settings import PORTS, Settings

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


def test_a_taken_port_is_named_with_its_owner() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        settings = replace(Settings(), kafka_port=number)
        with pytest.raises(
            ServiceError, match=rf"port {number} is taken by .*\(pid {os.getpid()}\).*SHOPLAB_KAFKA_PORT="
        ):
            process.check_ports(settings, KAFKA.ports)


def test_one_port_for_two_services_is_refused() -> None:
    settings = replace(process.with_free_ports(Settings()), namenode_port=21000, namenode_http_port=21000)
    with pytest.raises(LabError, match="SHOPLAB_NAMENODE_HTTP_PORT and SHOPLAB_NAMENODE_PORT are both 21000"):
        process.check_ports(settings, NAMENODE.ports)


def test_free_ports_are_all_different_and_free() -> None:
    settings = process.with_free_ports(Settings())
    numbers = [getattr(settings, name) for name in PORTS]
    assert len(set(numbers)) == len(PORTS)
    assert not any(process.is_taken(number) for number in numbers)


def test_only_one_start_or_stop_at_a_time(lab: Settings) -> None:
    with process.alone(lab), pytest.raises(ServiceError, match="another command"), process.alone(lab):
        pass
