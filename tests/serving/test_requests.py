"""What the API writes about itself, on a real port."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from shoplab.core import kafka
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.lab import api as lab_api
from shoplab.lab.api import served_app
from shoplab.lab.ports import free_port
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.monitor import watch
from shoplab.serving.server import ApiHandle, start
from tests.serving.conftest import Shop


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore(tmp_path / "metrics.db")


@pytest.fixture
def api(
    settings: Settings, stocked: Shop, store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ApiHandle]:
    monkeypatch.setattr(watch, "EVERY_S", 0.2)
    monkeypatch.setattr(kafka, "CONNECT_MS", 500)
    away = replace(settings, kafka_bootstrap="127.0.0.1:9", webhdfs_url="http://127.0.0.1:9", home=tmp_path)
    stocked.meets("p2", "s3")
    monkeypatch.setattr(lab_api, "Backstage", lambda *_: stocked.backstage)
    handle = start(served_app(away, store=store), free_port())
    yield handle
    handle.stop()


def test_requests_are_counted_by_route_and_by_where_the_answer_came_from(api: ApiHandle, store: EmbeddedStore) -> None:
    for path in (
        "recommendations/p2",
        "recommendations/p0",
        "recommendations/p0",
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
    route = "/recommendations/{user_id:path}"
    assert counted == {(route, "live"): 1, (route, "model"): 2, (route, "popular"): 1, ("/segments", "none"): 1}
    assert {point.fields["up"] for point in store.query("service_up", tags={"service": "kafka"})} == {0.0}
