"""A lab that all three kinds of users can load: the running lab, with the real API on a small real model."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from shoplab.core.catalog import Catalog
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.lab.api import start_api
from shoplab.lab.ports import free_port
from shoplab.recommend.model.files import save
from tests.serving.conftest import RECOMMENDATION, SEGMENT, parquet
from tests.serving.test_api_on_hdfs import small_recommender

USERS = ("a", "b", "c")


@pytest.fixture(scope="session")
def loaded_lab(lab: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    settings = replace(lab, home=tmp_path_factory.mktemp("load"), data_root=f"/tests/load-{time.time_ns()}")
    catalog = Catalog(settings)
    _publish_model(catalog)
    _publish_segments(catalog)
    with serving(settings, lambda health: health["model"] and health["segments"]):
        yield settings


@pytest.fixture
def lab_without_segments(lab: Settings, tmp_path: Path) -> Iterator[Settings]:
    """It knows a user by the stream alone: the shoppers' request for segments fails."""
    root = f"/tests/load-{time.time_ns()}"
    settings = replace(lab, home=tmp_path, data_root=root, api_port=free_port())
    catalog = Catalog(settings)
    _publish_model(catalog)
    item = {"user_id": "b", "rank": 1, "product_id": "p0", "score": 0.5, "collaborative": 0.5, "content": 0.0,
            "segment": 0.0, "why": "live"}  # fmt: skip
    place = catalog.path("recommendations", "batch=0000000000", "part-0.parquet")
    catalog.storage.write(place, parquet(pa.Table.from_pylist([item], RECOMMENDATION)))
    with serving(settings, lambda health: health["model"] and health["live"]["users"]):
        yield settings


@contextmanager
def serving(settings: Settings, ready: Callable[[dict[str, Any]], object]) -> Iterator[None]:
    """The real API, in a thread."""
    handle = start_api(replace(settings, influx_url=""))
    try:
        wait_until(lambda: ready(httpx.get(f"{handle.url}/health", trust_env=False).json()), 60, "the API is not ready")
        yield
    finally:
        handle.stop()


def _publish_model(catalog: Catalog) -> None:
    model = small_recommender()
    catalog.publish("models/recommender", lambda path: save(model, catalog.storage, path))


def _publish_segments(catalog: Catalog) -> None:
    members = [{"user_id": user, "segment": 0, "segment_name": "loyal"} for user in USERS]
    file = parquet(pa.Table.from_pylist(members, SEGMENT))
    catalog.publish("segments", lambda path: catalog.storage.write(f"{path}/part-0.parquet", file))
