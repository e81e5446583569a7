"""The API and the spool on real HDFS, with a real recommender."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from shoplab.core.catalog import Catalog
from shoplab.core.errors import ServiceError
from shoplab.core.kafka import make_topic
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.lab.api import start_api
from shoplab.lab.ports import free_port
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.metrics.point import Point
from shoplab.metrics.spool import Outcome, write_or_spool
from shoplab.recommend.data.arrays import UNKNOWN
from shoplab.recommend.data.log import build_log
from shoplab.recommend.data.products import Product, Products
from shoplab.recommend.data.shoppers import Shoppers
from shoplab.recommend.model.files import save
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.ranking.fit import fit
from shoplab.serving.server import ApiHandle
from tests.serving.conftest import parquet, rows_of


@pytest.fixture
def catalog(lab: Settings) -> Catalog:
    """A ground of its own on the lab's HDFS."""
    return Catalog(replace(lab, data_root=f"/tests/serving-{time.time_ns()}", events_topic=f"api-{time.time_ns()}"))


@pytest.fixture
def api(catalog: Catalog, tmp_path: Path) -> Iterator[ApiHandle]:
    make_topic(catalog.settings)
    handle = start_api(replace(catalog.settings, home=tmp_path, api_port=free_port(), influx_url=""))
    yield handle
    handle.stop()


def small_recommender() -> Recommender:
    """User a likes p0, user b likes p2; p1 is what the shop buys most."""
    products = Products(tuple(Product(f"p{n}", None, "electronics.phone", "acme", 10.0 * n) for n in range(3)))
    one = np.array([0, 1, 2])
    shoppers = Shoppers(("a", "b"), np.full(2, UNKNOWN, np.int16), one, np.array([0, 2]), np.zeros(2, np.int8))
    users, items = ["a", "b", *"cdef"], ["p0", "p2", *["p1"] * 4]
    log = build_log(products, users, users, items, np.zeros(6, np.int8), np.arange(6.0))
    return Recommender(products, shoppers, fit(log, "next-item", rank=2))


def ask_until(api: ApiHandle, path: str, holds: Callable[[Any], bool]) -> Any:
    def body() -> Any:
        said = httpx.get(api.url + path, trust_env=False).json()
        return [said] if holds(said) else []

    return wait_until(body, 60, f"{path} never said what was awaited")[0]


def test_the_api_takes_up_what_is_published_while_it_runs(api: ApiHandle, catalog: Catalog) -> None:
    ask_until(api, "/health", lambda body: "./lab train" in body["problems"].get("model", ""))

    model = small_recommender()
    version = catalog.publish("models/recommender", lambda path: save(model, catalog.storage, path))
    body = ask_until(api, "/recommendations/b?k=2", lambda body: body.get("model_version") == version)
    assert (body["source"], body["items"][0]["product_id"], body["items"][0]["price"]) == ("model", "p2", 20.0)
    stranger = httpx.get(f"{api.url}/recommendations/stranger?k=1", trust_env=False).json()
    assert (stranger["source"], stranger["items"][0]["product_id"]) == ("popular", "p1")

    members = rows_of({"b": (2, "loyal")})
    catalog.publish("segments", lambda path: catalog.storage.write(f"{path}/part-0.parquet", parquet(members)))
    ask_until(api, "/recommendations/b", lambda body: body["segment_name"] == "loyal")

    event = {"user_id": "b", "product_id": "p0", "event_type": "cart", "user_session": "visit"}
    ask_until(api, "/health", lambda body: "kafka" not in body["problems"])
    sent = httpx.post(f"{api.url}/events", json=[event, event | {"price": "-1"}], trust_env=False)
    assert (sent.status_code, sent.json()["accepted"]) == (202, 1)
    assert sent.json()["rejected"] == [{"index": 1, "error": "price is negative"}]
    body = ask_until(api, "/recommendations/b", lambda body: body["source"] == "live")
    assert body["items"][0]["product_id"] == "p0"
    recent = httpx.get(f"{api.url}/users/b", trust_env=False).json()["recent"]
    assert [(one["event_type"], one["price"]) for one in recent] == [("cart", 0.0)]
    assert httpx.get(f"{api.url}/health", trust_env=False).json()["status"] == "ok"

    newer = catalog.publish("models/recommender", lambda path: save(model, catalog.storage, path))
    ask_until(api, "/recommendations/b", lambda body: body["model_version"] == newer)
    assert catalog.rollback("models/recommender") == (newer, version)
    ask_until(api, "/recommendations/b", lambda body: body["model_version"] == version)


class Away(EmbeddedStore):
    def write(self, points: Any) -> None:
        raise ServiceError("away")


def test_points_wait_on_hdfs_until_the_store_is_back(catalog: Catalog, tmp_path: Path) -> None:
    folder = catalog.path("temp", "metrics-spool")
    points = [Point("m", {}, {"x": n}, datetime(2019, 11, 1, 0, 0, n, tzinfo=UTC)) for n in range(3)]
    for number, point in enumerate(points[:2], start=1):
        assert write_or_spool(Away(tmp_path / "m.db"), catalog.storage, folder, [point]) == Outcome(0, number, 0)
    store = EmbeddedStore(tmp_path / "m.db")
    assert write_or_spool(store, catalog.storage, folder, points[2:]) == Outcome(3, 0, 0)
    assert store.query("m") == points
    assert catalog.storage.names(folder) == []
