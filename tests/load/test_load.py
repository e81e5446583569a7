"""Locust's users on the real servers, by the command."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaAdminClient

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings
from shoplab.core.storage import Storage
from shoplab.lab.ports import free_port
from shoplab.load.commands import load


def command(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(load, arguments, obj=settings)


def figures(settings: Settings, folder: Path, *arguments: str) -> dict[str, Any]:
    """Runs a load that must succeed; its JSON."""
    result = command(settings, "--json", str(folder / "load.json"), "--report", str(folder / "load.html"), *arguments)
    log = settings.log_dir / "load.log"
    assert result.exit_code == 0, f"{result.output} {result.exception!r} {log.exists() and log.read_text()}"
    found: dict[str, Any] = json.loads((folder / "load.json").read_text())
    return found


def names(found: dict[str, Any]) -> set[str]:
    return {row["name"] for row in found["requests"]}


@pytest.fixture
def no_traces(loaded_lab: Settings) -> Iterator[None]:
    """Whatever a load made is gone after it."""
    yield
    assert Storage(loaded_lab).names("/tmp/load") == []
    with closing(KafkaAdminClient(bootstrap_servers=loaded_lab.kafka)) as admin:
        assert "load-test" not in admin.list_topics()


def test_shoppers_ask_for_users_the_api_knows(loaded_lab: Settings, tmp_path: Path) -> None:
    found = figures(loaded_lab, tmp_path, "--users", "3", "--time", "3s", "shoppers")
    assert "GET /recommendations/{user}" in names(found)
    assert {"GET /users/sample", "GET /segments"} <= names(found)
    total = found["total"]
    assert total["failures"] == 0
    assert total["requests"] == sum(row["requests"] for row in found["requests"])
    assert 0 < total["p50"] <= total["p95"] <= total["p99"] <= total["max"] + 10  # percentiles are rounded
    assert "/recommendations/{user}" in (tmp_path / "load.html").read_text()


@pytest.mark.usefixtures("no_traces")
def test_webhdfs_users_list_read_write_and_append(loaded_lab: Settings, tmp_path: Path) -> None:
    found = figures(loaded_lab, tmp_path, "--users", "2", "--time", "4s", "webhdfs")
    assert names(found) == {f"WebHDFS {what}" for what in ("list", "read 16 KiB", "write 16 KiB", "append 1 KiB")}
    assert found["total"]["failures"] == 0, found["errors"]


@pytest.mark.usefixtures("no_traces")
def test_producers_send_until_acknowledged(loaded_lab: Settings, tmp_path: Path) -> None:
    found = figures(loaded_lab, tmp_path, "--users", "5", "--time", "3s", "kafka")
    assert names(found) == {"Kafka send, acks=all"}
    assert found["total"]["failures"] == 0, found["errors"]


@pytest.mark.usefixtures("no_traces")
def test_all_three_at_a_rate_and_no_more_than_so_many(loaded_lab: Settings, tmp_path: Path) -> None:
    found = figures(loaded_lab, tmp_path, "--users", "6", "--time", "1m", "--rate", "60", "--requests", "150")
    assert {name.split()[0] for name in names(found)} == {"GET", "WebHDFS", "Kafka"}
    assert 150 <= found["total"]["requests"] <= 160  # what was under way is still counted
    assert found["total"]["rate"] < 75
    assert found["stopped"] == "150 requests"


def test_steps_have_figures_of_their_own(loaded_lab: Settings, tmp_path: Path) -> None:
    found = figures(loaded_lab, tmp_path, "--users", "4", "--time", "6s", "--steps", "2", "shoppers")
    assert [step["users"] for step in found["steps"]] == [2, 4]
    assert sum(step["requests"] for step in found["steps"]) <= found["total"]["requests"]
    assert all(step["requests"] > 0 and step["p95"] >= step["p50"] for step in found["steps"])


def test_failures_over_the_ratio_are_exit_code_1(lab_without_segments: Settings, tmp_path: Path) -> None:
    arguments = ["--users", "1", "--time", "2s", "--report", str(tmp_path / "load.html"), "shoppers"]
    result = command(lab_without_segments, *arguments)
    assert result.exit_code == 1
    assert "GET /segments" in result.output
    assert "503" in result.output
    assert command(lab_without_segments, "--fail-ratio", "0.9", *arguments).exit_code == 0


def test_what_keeps_a_run_from_starting_is_one_line(loaded_lab: Settings, tmp_path: Path) -> None:
    Storage(loaded_lab).client.makedirs("/tmp/load")
    stranger = replace(loaded_lab, hdfs_user="nobody-in-particular")
    result = command(stranger, "--time", "2s", "--report", str(tmp_path / "load.html"), "webhdfs")
    assert isinstance(result.exception, ServiceError)
    assert "can't be used (AccessControlException)" in str(result.exception)


@pytest.mark.parametrize("setting", ["webhdfs_url", "kafka_bootstrap"])
def test_a_foreign_target_is_refused_before_anything_is_sent(settings: Settings, setting: str) -> None:
    """203.0.113.0/24 is nobody's: a packet there would take seconds to fail, and the message would be another."""
    result = command(replace(settings, **{setting: "203.0.113.7:9"}))
    assert isinstance(result.exception, LabError)
    assert result.exception.exit_code == 2
    assert "203.0.113.7" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--users", "501"], "501 is not in the range"),
        (["--users", "0"], "0 is not in the range"),
        (["--rate", "0"], "0.0 is not in the range"),
        (["--requests", "1000001"], "1000001 is not in the range"),
        (["--time", "11m"], "outside 1s to 10m"),
        (["--time", "soon"], "write it as 30s"),
        (["spark"], "there are shoppers, webhdfs, kafka"),
        (["--users", "2"], "too few for shoppers, webhdfs, kafka"),
        (["--users", "2", "--steps", "3", "kafka"], "in 3 steps"),
    ],
)
def test_bad_input_is_one_line(settings: Settings, arguments: list[str], told: str) -> None:
    result = command(settings, *arguments)
    assert told in result.output + str(result.exception)
    assert getattr(result.exception, "exit_code", result.exit_code) == 2


@pytest.mark.parametrize(
    ("target", "setting", "told"),
    [
        ("shoppers", {"api_port": free_port()}, "./lab serve"),
        ("webhdfs", {"webhdfs_url": f"http://127.0.0.1:{free_port()}"}, "HDFS does not answer"),
        ("kafka", {"kafka_bootstrap": f"127.0.0.1:{free_port()}"}, "Kafka does not answer"),
    ],
)
def test_a_service_that_is_away_is_named(settings: Settings, target: str, setting: dict[str, Any], told: str) -> None:
    result = command(replace(settings, **setting), target)
    assert isinstance(result.exception, ServiceError)
    assert told in str(result.exception)
