"""The API on a real port, and the command that serves it."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.lab.api import serve, start_api
from shoplab.lab.ports import free_port
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.serving.api import create_app
from shoplab.serving.server import ApiHandle, bind, start


@pytest.fixture
def api(stocked: Any, tmp_path: Path) -> Iterator[ApiHandle]:
    handle = start(create_app(stocked.backstage, EmbeddedStore(tmp_path / "metrics.db")), free_port())
    yield handle
    handle.stop()


def test_it_answers_on_its_port_and_only_on_loopback(api: ApiHandle) -> None:
    answer = httpx.get(f"{api.url}/recommendations/u2", params={"k": 2}, trust_env=False)
    assert [item["product_id"] for item in answer.json()["items"]] == ["p9", "p8"]
    assert "server" not in answer.headers
    assert api.url.startswith("http://127.0.0.1:")


def test_batches_published_while_it_runs_are_picked_up_by_itself(api: ApiHandle, stocked: Any) -> None:
    stocked.publish_batch(1, {"u1": ["p20"]})

    def first() -> str:
        body = httpx.get(f"{api.url}/recommendations/u1", trust_env=False).json()
        return str(body["items"][0]["product_id"]) if body["source"] == "live" else ""

    assert wait_until(first, 30, "the new batch was never seen") == "p20"


def test_connections_send_without_waiting_for_more() -> None:
    """asyncio sets TCP_NODELAY on connections whose listener says it is TCP."""
    with bind("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_it_starts_while_hdfs_is_away(settings: Settings, tmp_path: Path) -> None:
    alone = replace(settings, home=tmp_path, api_port=free_port(), webhdfs_url="http://127.0.0.1:9")
    handle = start_api(alone)
    try:
        health = wait_until(lambda: _health_with_a_model_problem(handle), 30, "health never named the missing HDFS")
        hosts = ("localhost", "127.0.0.1:1", "evil.example", "127.0.0.1.evil.example")
        asked = [httpx.get(f"{handle.url}/health", headers={"Host": host}, trust_env=False) for host in hosts]
        statuses = [answer.status_code for answer in asked]
    finally:
        handle.stop()
    assert health["status"] == "degraded"
    assert statuses == [200, 200, 421, 421]
    assert "./lab up --embedded" in health["problems"]["model"]


def _health_with_a_model_problem(handle: ApiHandle) -> dict[str, Any]:
    health: dict[str, Any] = httpx.get(f"{handle.url}/health", trust_env=False).json()
    return health if "model" in health["problems"] else {}


def test_stop_frees_the_port(stocked: Any, tmp_path: Path) -> None:
    port = free_port()
    start(create_app(stocked.backstage, EmbeddedStore(tmp_path / "metrics.db")), port).stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_taken_port_is_one_line_with_a_way_out(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(serve, obj=replace(settings, api_port=port))
    assert isinstance(result.exception, ServiceError)
    assert f"127.0.0.1:{port}" in str(result.exception)
    assert "SHOPLAB_API_PORT=" in str(result.exception)
    assert "live page" not in result.output


def test_an_unknown_address_is_one_line_too(settings: Settings) -> None:
    result = CliRunner().invoke(serve, ["--host", "203.0.113.7"], obj=replace(settings, api_port=free_port()))
    assert isinstance(result.exception, ServiceError)
