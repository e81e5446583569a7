"""The lab's commands on a home where nothing runs."""

import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings, load_settings
from shoplab.lab import commands
from shoplab.lab.ports import with_free_ports


@pytest.fixture
def lab(tmp_path: Path) -> Settings:
    return with_free_ports(replace(load_settings(), home=tmp_path / ".lab"))


def run(settings: Settings, *arguments: str, typed: str = "") -> Result:
    command = getattr(commands, arguments[0])
    return CliRunner().invoke(command, arguments[1:], obj=settings, input=typed)


def test_up_in_docker_wants_a_name_where_the_home_is_its_own(lab: Settings) -> None:
    result = run(lab, "up")
    assert isinstance(result.exception, LabError)
    assert "SHOPLAB_PROJECT=NAME" in str(result.exception)


def test_status_of_a_stopped_lab(lab: Settings) -> None:
    result = run(lab, "status")
    assert result.exit_code == 3
    assert re.findall(r"(\w+) +is stopped", result.output) == ["namenode", "datanode", "kafka", "door"]


def test_down_of_a_stopped_lab_is_no_error(lab: Settings) -> None:
    result = run(lab, "down")
    assert result.exit_code == 0
    assert "was not running" in result.output


def test_logs_names_what_there_is(lab: Settings) -> None:
    lab.log_dir.mkdir(parents=True)
    (lab.log_dir / "kafka.log").write_text("hello\n")
    result = run(lab, "logs", "grafana")
    assert isinstance(result.exception, LabError)
    assert str(result.exception).endswith("there are kafka")


def test_reset_asks_and_keeps_what_the_lab_did_not_make(lab: Settings) -> None:
    run(lab, "down")  # as after any start: a lab has been here
    (lab.home / "data" / "namenode").mkdir(parents=True)
    (lab.home / "metrics.db").touch()
    (lab.home / "settings.env").write_text("SHOPLAB_OFFLINE=0\n")
    assert run(lab, "reset", typed="n\n").exit_code == 1
    assert (lab.home / "data").exists()
    assert run(lab, "reset", "--yes").exit_code == 0
    assert [path.name for path in lab.home.iterdir()] == ["settings.env"]


def test_reset_leaves_a_folder_alone_where_no_lab_has_been(lab: Settings) -> None:
    (lab.home / "data").mkdir(parents=True)
    result = run(lab, "reset", "--yes")
    assert "there is no lab in" in result.output
    assert (lab.home / "data").exists()


def test_doctor_finds_a_taken_port_and_data_that_cannot_start(lab: Settings) -> None:
    block = lab.home / "data" / "datanode" / "current" / "blk_1"
    block.parent.mkdir(parents=True)
    block.touch()
    with socket.socket() as other:
        other.bind(("127.0.0.1", lab.kafka_port))
        other.listen()
        result = run(lab, "doctor")
    assert result.exit_code == 3
    assert f"{lab.kafka_port} is taken by" in result.output
    assert "can't be started as it is" in result.output


def test_doctor_on_a_fresh_machine_finds_nothing_wrong_with_the_lab(lab: Settings) -> None:
    lines = run(lab, "doctor").output.splitlines()
    assert {line.split()[1] for line in lines if line.strip().startswith("ok")} >= {
        "Python",
        "Java",
        "data",
        "lab",
        "ports",
    }
