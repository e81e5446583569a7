"""What the API writes about itself, on a real port."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from shoplab.lab import watch
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.serving.api import create_app
from shoplab.serving.server import ApiHandle, start_api
from shoplab.settings import Settings
from tests.serving.conftest import free_port


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore(tmp_path / "metrics.db")


@pytest.fixture
def api(settings: Settings, stocked: Any, store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiHandle]:
    monkeypatch.setattr(watch, "EVERY_S", 0.2)
    at_port = replace(settings, api_port=free_port(), kafka_bootstrap="127.0.0.1:9", webhdfs_url="http://127.0.0.1:9")
    handle = start_api(at_port, create_app(at_port, stocked.backstage, store))
    yield handle
    handle.stop()


def test_requests_are_counted_by_route_and_by_where_the_answer_came_from(api: ApiHandle, store: EmbeddedStore) -> None:
    for path in (
        "recommendations/u2",
        "recommendations/u1",
        "recommendations/u1",
        "recommendations/nobody",
        "segments",
    ):
        assert httpx.get(f"{api.url}/{path}", trust_env=False).status_code == 200
    deadline = time.monotonic() + 60
    while sum(int(point.fields["count"]) for point in store.query("api_requests")) < 5:
        assert time.monotonic() < deadline, "the requests never came to the store"
        time.sleep(0.1)
    counted: dict[tuple[str, str], float] = {}
    for point in store.query("api_requests"):
        key = point.tags["route"], point.tags["source"]
        counted[key] = counted.get(key, 0) + float(point.fields["count"])
    route = "/recommendations/{user_id}"
    assert counted == {(route, "live"): 1, (route, "model"): 2, (route, "popular"): 1, ("/segments", "none"): 1}
    assert {point.fields["up"] for point in store.query("service_up", tags={"service": "kafka"})} == {0.0}
