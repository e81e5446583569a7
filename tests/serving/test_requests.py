"""What the API writes about itself, on a real port."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from shoplab.core import kafka
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.lab.api import watched_app
from shoplab.lab.ports import free_port
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.monitor import watch
from shoplab.serving.server import ApiHandle, start


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore(tmp_path / "metrics.db")


@pytest.fixture
def api(settings: Settings, stocked: Any, store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiHandle]:
    monkeypatch.setattr(watch, "EVERY_S", 0.2)
    monkeypatch.setattr(kafka, "CONNECT_MS", 500)
    away = replace(settings, kafka_bootstrap="127.0.0.1:9", webhdfs_url="http://127.0.0.1:9")
    handle = start(watched_app(away, stocked.backstage, store), free_port())
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
    wait_until(
        lambda: sum(int(point.fields["count"]) for point in store.query("api_requests")) >= 5, 60,
        "the requests never came to the store",
    )  # fmt: skip
    counted: dict[tuple[str, str], float] = {}
    for point in store.query("api_requests"):
        key = point.tags["route"], point.tags["source"]
        counted[key] = counted.get(key, 0) + float(point.fields["count"])
    route = "/recommendations/{user_id}"
    assert counted == {(route, "live"): 1, (route, "model"): 2, (route, "popular"): 1, ("/segments", "none"): 1}
    assert {point.fields["up"] for point in store.query("service_up", tags={"service": "kafka"})} == {0.0}
