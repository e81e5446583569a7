"""Locust's users on the real servers, by the command."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaAdminClient

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.kafka import make_topic, records_in_topic
from shoplab.core.settings import Settings
from shoplab.core.storage import Storage
from shoplab.lab.ports import free_port
from shoplab.load.commands import load


def command(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(load, arguments, obj=settings)


def figures(settings: Settings, folder: Path, *arguments: str) -> dict[str, Any]:
    """Runs a load; its JSON. On a busy machine Locust may be the limit, which is exit code 1."""
    result = command(settings, "--json", str(folder / "load.json"), "--report", str(folder / "load.html"), *arguments)
    log = settings.log_dir / "load.log"
    assert (folder / "load.json").exists(), f"{result.output} {result.exception!r} {log.exists() and log.read_text()}"
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
    assert {name.split()[0] for name in names(found)} == {"GET", "POST", "WebHDFS", "Kafka"}
    assert 150 <= found["total"]["requests"] <= 160  # what was under way is still counted
    assert found["total"]["rate"] < 75
    assert found["stopped"] == "150 requests"


def test_a_stream_of_events_runs_beside_it(loaded_lab: Settings, tmp_path: Path) -> None:
    own = replace(loaded_lab, events_topic=f"beside-{time.time_ns()}")
    assert make_topic(own)
    arguments = ["--report", str(tmp_path / "load.html"), "--time", "3s", "--with-stream", "300", "shoppers"]
    done = command(own, *arguments)
    assert "beside it: " in done.output
    assert "events sent in" in done.output
    assert 100 <= records_in_topic(own) <= 900


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
