"""The API on a real port, and the command that serves it."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.lab.api import serve, served_app, start_api
from shoplab.lab.ports import free_port
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.serving import bodies, connections
from shoplab.serving.connections import GuardedProtocol
from shoplab.serving.server import ApiHandle, bind, start
from tests.serving.conftest import Shop, app_of


@pytest.fixture
def api(settings: Settings, stocked: Shop, store: EmbeddedStore) -> Iterator[ApiHandle]:
    handle = start(app_of(stocked, settings, store), free_port())
    yield handle
    handle.stop()


def test_it_answers_on_its_port_and_only_on_loopback(api: ApiHandle) -> None:
    answer = httpx.get(f"{api.url}/recommendations/p0", params={"k": 2}, trust_env=False)
    assert len(answer.json()["items"]) == 2
    assert "server" not in answer.headers
    assert api.url.startswith("http://127.0.0.1:")


def test_who_only_holds_connections_open_gives_way_to_others(api: ApiHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GuardedProtocol, "most", 20)
    port = int(api.url.rsplit(":", 1)[1])
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
    for one in held[40:]:
        one.sendall(b"GET /health HTTP/1.1\r\nHost: localho")  # and never the rest
    try:
        for _ in range(5):
            assert httpx.get(f"{api.url}/ready", trust_env=False).status_code == 200
    finally:
        for one in held:
            one.close()


def test_half_a_head_and_half_a_body_are_not_waited_for(api: ApiHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADER_S", 0.2)
    monkeypatch.setattr(bodies, "BODY_S", 0.2)
    port = int(api.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as half:
        half.sendall(b"GET /health HTTP/1.1\r\nHost: localho")
        with contextlib.suppress(ConnectionResetError):
            assert half.recv(100) == b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as half:
        half.sendall(b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n[")
        assert half.recv(100).startswith(b"HTTP/1.1 408")


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


def test_stop_frees_the_port(settings: Settings, stocked: Shop, store: EmbeddedStore) -> None:
    port = free_port()
    start(app_of(stocked, settings, store), port).stop()
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


def test_the_network_is_for_those_with_a_token_only(settings: Settings) -> None:
    result = CliRunner().invoke(serve, ["--host", "0.0.0.0"], obj=replace(settings, api_port=free_port()))
    assert isinstance(result.exception, LabError)
    assert "SHOPLAB_API_TOKEN" in str(result.exception)


def test_a_token_is_asked_of_everybody_and_a_browser_keeps_it(settings: Settings, tmp_path: Path) -> None:
    own = replace(settings, home=tmp_path, api_token="s3cret", webhdfs_url="http://127.0.0.1:9")
    client = TestClient(served_app(own), base_url="http://localhost")
    assert (client.get("/health").status_code, client.get("/").status_code) == (401, 401)
    assert client.get("/?token=wrong").status_code == 401
    assert client.get("/health", headers={"Authorization": "Bearer s3cret"}).status_code == 200
    assert client.get("/?token=s3cret").status_code == 200
    assert client.get("/health").status_code == 200


def test_a_page_of_another_site_sends_nothing(settings: Settings, tmp_path: Path) -> None:
    own = replace(settings, home=tmp_path, webhdfs_url="http://127.0.0.1:9")
    client = TestClient(served_app(own), base_url="http://localhost:8000")
    for origin, status in (("http://evil.example", 403), ("null", 403), ("http://localhost:8000", 202)):
        assert client.post("/events", json=[], headers={"Origin": origin}).status_code == status


def test_an_unknown_address_is_one_line_too(settings: Settings) -> None:
    own = replace(settings, api_port=free_port(), api_token="s3cret")
    result = CliRunner().invoke(serve, ["--host", "203.0.113.7"], obj=own)
    assert isinstance(result.exception, ServiceError)
