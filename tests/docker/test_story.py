"""The main job on the Docker lab's cluster, then everything that may happen to it: stop and start, kills, scaling."""

import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import requests

from shoplab.core.probe import bean
from shoplab.core.storage import Storage
from shoplab.core.wait import wait_until
from shoplab.events.generator import generate
from shoplab.lab.docker import compose
from shoplab.metrics.store import open_store
from shoplab.streaming.audit.balance import balance
from tests.docker.conftest import OCTOBER, Stack


def test_a_file_taken_twice_adds_nothing(told: Stack, tmp_path: Path) -> None:
    again = tmp_path / "again.csv"
    generate(again, "2019-10", OCTOBER, 7)
    assert f"{OCTOBER:,} rows" in told.lab("ingest", str(again))
    total = told.lab("verify")
    assert "accounted for" in total


def test_segments_come_out_as_a_file(told: Stack) -> None:
    rows = pd.read_csv(told.segments)
    assert len(rows) > 500
    assert rows["user_id"].is_unique


def test_jobs_ran_by_the_master_and_show_in_the_history(told: Stack) -> None:
    names = {"shoplab ingest", "shoplab analyse", "shoplab segment", "shoplab train"}
    history = f"http://127.0.0.1:{told.settings.history_port}/api/v1/applications"
    wait_until(lambda: names <= {app["name"] for app in _json(history)}, 60, "the jobs are not in the history server")
    assert all(app["id"].startswith("app-") for app in _json(history))  # local ones are local-…
    stream = _json(f"http://127.0.0.1:{told.settings.spark_master_port}/json/")["activeapps"]
    assert [(app["name"], app["cores"]) for app in stream] == [("shoplab stream", 1)]


def _json(url: str) -> list[dict[str, str]]:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=20).json()


def test_metrics_are_in_influxdb(told: Stack) -> None:
    store = open_store(told.reload())
    for measurement in ("stream_batch", "activity", "segment_size", "hdfs", "kafka", "spark"):
        assert store.query(measurement, limit=1), measurement
    store.close()


def test_the_api_recommends_to_users_of_the_stream(told: Stack) -> None:
    api = f"http://127.0.0.1:{told.settings.api_port}"
    wait_until(
        lambda: any(u["source"] == "live" for u in _json(f"{api}/users/sample?n=50")["users"]),
        60,
        "there are no live users",
    )
    user = next(u for u in _json(f"{api}/users/sample?n=50")["users"] if u["source"] == "live")
    assert _json(f"{api}/recommendations/{user['user_id']}?k=5")["items"]


def test_bad_input_is_one_line(told: Stack, tmp_path: Path) -> None:
    private = tmp_path / "private.csv"
    generate(private, "2019-10", 1000, 1)
    private.chmod(0o600)
    assert "chmod o+r" in told.lab("ingest", str(private), fails=True)
    assert "not a shop" not in told.lab("ingest", str(tmp_path / "nowhere.csv"), fails=True)
    assert "first: ./lab down" in told.lab("demo", fails=True)
    assert "first: ./lab down" in told.lab("up", "--embedded", fails=True)


def test_more_workers_and_data_nodes_by_scale(told: Stack) -> None:
    told.up("--scale", "spark-worker=2", "--scale", "datanode=2")
    settings = told.reload()
    state = bean(settings.webhdfs, "Hadoop:service=NameNode,name=FSNamesystemState")
    assert state is not None
    assert state["NumLiveDataNodes"] == 2
    master = _json(f"http://127.0.0.1:{settings.spark_master_port}/json/")
    assert sum(worker["state"] == "ALIVE" for worker in master["workers"]) == 2
    storage = Storage(settings)
    storage.client.write("/tmp/twice", b"on two nodes", replication=2, overwrite=True)
    assert storage.read("/tmp/twice") == b"on two nodes"
    told.up("--scale", "spark-worker=1", "--scale", "datanode=1")
    assert storage.read("/tmp/twice") == b"on two nodes"


SERVICES = ("namenode", "datanode", "door", "kafka", "spark-master", "spark-worker", "history", "influxdb", "api",
            "stream")  # fmt: skip


def test_every_service_killed_comes_back(told: Stack) -> None:
    """kill -9 of the process that does the work, all services one after the other; then all is healthy and true."""
    restarts = {name: container["RestartCount"] for name, container in told.containers().items()}
    for service in SERVICES:
        _kill(told, service)
    wait_until(
        lambda: all(told.containers()[name]["RestartCount"] > restarts[name] for name in SERVICES),
        60,
        "a killed service was not started again",
    )
    wait_until(lambda: _healthy(told), 240, "not every service is healthy after the kills")
    assert "accounted for" in told.lab("verify")


def _kill(stack: Stack, service: str) -> None:
    """The container's own first process can't be killed from inside; on Linux it can from outside, as a crash would."""
    told = stack.containers()[service]
    pid = told["State"]["Pid"]
    if subprocess.run(["kill", "-9", str(pid)], capture_output=True).returncode:
        pytest.skip("killing a container's process needs root on Linux")


def _healthy(stack: Stack) -> bool:
    found = compose.containers(stack.settings, everything=False)
    states = {container["Service"]: container.get("Health") for container in found}
    return all(states.get(service) == "healthy" for service in SERVICES)


def _starting(stack: Stack) -> list[str]:
    """Also services that only look on, such as the history."""
    running = compose.containers(stack.settings, everything=False)
    return [one["Service"] for one in running if one.get("Health") in ("starting", "unhealthy")]


def test_the_stream_goes_on_after_the_kills(told: Stack, tmp_path: Path) -> None:
    more = tmp_path / "more.csv"
    generate(more, "2019-11", 1_000, 8)
    before = balance(told.reload())
    told.lab("replay", str(more))
    told.lab("stream", "--drain")
    after = balance(told.reload())
    assert after.in_kafka == before.in_kafka + 1_000
    assert after.closes
    assert after.new > before.new


def test_reset_asks_first(told: Stack) -> None:
    assert "Delete all data" in told.lab("reset", fails=True)
    assert Storage(told.reload()).exists("/data/processed/events")


def test_times_and_memory_are_reported(told: Stack) -> None:
    wait_until(lambda: _starting(told) == [], 240, "not every service is healthy after the kills")
    said = told.lab("status")
    assert re.search(r"\d+\s+in all", said)
