"""The API on a real port, and the command that serves it."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from shoplab.errors import ServiceError
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.serving.api import create_app
from shoplab.serving.commands import serve
from shoplab.serving.server import ApiHandle, bind, start_api
from shoplab.settings import Settings
from tests.serving.conftest import free_port


@pytest.fixture
def api(settings: Settings, stocked: Any, tmp_path: Path) -> Iterator[ApiHandle]:
    at_port = replace(settings, api_port=free_port())
    handle = start_api(at_port, create_app(at_port, stocked.backstage, EmbeddedStore(tmp_path / "metrics.db")))
    yield handle
    handle.stop()


def test_it_answers_on_its_port_and_only_on_loopback(api: ApiHandle) -> None:
    answer = httpx.get(f"{api.url}/recommendations/u2", params={"k": 2}, trust_env=False)
    assert [item["product_id"] for item in answer.json()["items"]] == ["p9", "p8"]
    assert "server" not in answer.headers
    assert api.url.startswith("http://127.0.0.1:")


def test_batches_published_while_it_runs_are_picked_up_by_itself(api: ApiHandle, stocked: Any) -> None:
    stocked.publish_batch(1, {"u1": ["p20"]})
    deadline = time.monotonic() + 30
    while (body := httpx.get(f"{api.url}/recommendations/u1", trust_env=False).json())["source"] != "live":
        assert time.monotonic() < deadline, "the new batch was never seen"
        time.sleep(0.1)
    assert body["items"][0]["product_id"] == "p20"


def test_connections_send_without_waiting_for_more() -> None:
    """asyncio sets TCP_NODELAY on connections whose listener says it is TCP."""
    with bind("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_it_starts_while_hdfs_is_away(settings: Settings, tmp_path: Path) -> None:
    alone = replace(settings, home=tmp_path, api_port=free_port(), webhdfs_url="http://127.0.0.1:9")
    handle = start_api(alone)
    try:
        deadline = time.monotonic() + 30
        while "model" not in (health := httpx.get(f"{handle.url}/health", trust_env=False).json())["problems"]:
            assert time.monotonic() < deadline, "health never named the missing HDFS"
            time.sleep(0.1)
    finally:
        handle.stop()
    assert health["status"] == "degraded"
    assert "./lab up --embedded" in health["problems"]["model"]


def test_stop_frees_the_port(settings: Settings, stocked: Any, tmp_path: Path) -> None:
    at_port = replace(settings, api_port=free_port())
    app = create_app(at_port, stocked.backstage, EmbeddedStore(tmp_path / "metrics.db"))
    start_api(at_port, app).stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", at_port.api_port)) != 0


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
