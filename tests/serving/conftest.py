"""A lab's HDFS in memory with a small model, segments and the stream's batches, and the parts of an API upon it."""

import io
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from shoplab.core.catalog import Catalog
from shoplab.core.settings import Settings
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.recommend.model.files import save
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.ranking.fit import fit
from shoplab.serving.api import Doors, create_app
from shoplab.serving.backstage import Backstage
from shoplab.serving.follow import Follower
from shoplab.serving.intake import Intake
from shoplab.serving.keeper import Keeper
from tests.memory_hdfs import MemoryHdfs
from tests.recommend.logs import shoppers_of, two_tastes

SEGMENT = pa.schema(
    [("user_id", pa.string()), ("segment", pa.int32()), ("segment_name", pa.string()), ("rfm_class", pa.string())]
)
Members = dict[str, tuple[int, str]]


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def rows_of(members: Members) -> pa.Table:
    rows = [{"user_id": user, "segment": number, "segment_name": name, "rfm_class": "champions" if number else None}
            for user, (number, name) in members.items()]  # fmt: skip
    return pa.Table.from_pylist(rows, SEGMENT)


@pytest.fixture(scope="session")
def tastes() -> Recommender:
    """40 users: the even ones ("p0") met phones, the odd ones ("s1") shoes; both are segments. Trained until day 24."""
    log = two_tastes()
    segments = np.array(["ps".index(user[0]) for user in log.user_ids], np.int16)
    names = ("phone fans", "runners")
    ranker = fit(log, "live", segments, names, rank=4)
    return Recommender(
        log.products, shoppers_of(log, segments), replace(ranker, holdout=None, sample=None), names, log.now
    )


@dataclass
class Shop:
    """What an API stands on, and its parts, none of which runs by itself: `look` is one round of each."""

    hdfs: MemoryHdfs
    catalog: Catalog
    keeper: Keeper
    backstage: Backstage
    follower: Follower

    def look(self) -> None:
        self.keeper.refresh()
        self.backstage.look()
        self.backstage.poll()

    def publish_model(self, version: str, model: Recommender) -> None:
        folder = f"/data/models/recommender/version={version}"
        save(model, self.hdfs, folder)  # type: ignore[arg-type]
        self.hdfs.write_json(f"{folder}/manifest.json", {"version": version, "promoted": True})
        self.hdfs.files["/data/models/recommender/CURRENT"] = version.encode()

    def publish_segments(self, version: str, members: Members) -> None:
        table, folder = rows_of(members), f"/data/processed/segments/version={version}"
        for part, some in enumerate((table[: len(table) // 2], table[len(table) // 2 :])):
            self.hdfs.files[f"{folder}/part-{part}.snappy.parquet"] = parquet(some)
        self.hdfs.files["/data/processed/segments/CURRENT"] = version.encode()

    def publish_live_segments(self, batch: int, members: Members) -> None:
        path = f"/data/processed/live/segments/batch={batch:010d}/part-0.parquet"
        self.hdfs.files[path] = parquet(rows_of(members))

    def meets(self, user: str, product: str, event_type: str = "view", session: str = "s", at: str = "") -> None:
        """A record of the topic."""
        event = {"user_id": user, "product_id": product, "event_type": event_type, "user_session": session,
                 "event_time": at or time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())}  # fmt: skip
        assert self.follower.take(orjson.dumps(event))


@pytest.fixture
def shop(settings: Settings, tmp_path: Path) -> Shop:
    """Nothing published yet."""
    catalog = Catalog(settings)
    hdfs = MemoryHdfs()
    catalog.storage = hdfs  # type: ignore[assignment]
    folder, follower = tmp_path / "serving", Follower(replace(settings, kafka_bootstrap="127.0.0.1:9"), lambda _: {})
    follower.problem = ""
    return Shop(hdfs, catalog, Keeper(catalog, folder), Backstage(catalog, folder, follower), follower)


@pytest.fixture
def stocked(shop: Shop, tastes: Recommender) -> Shop:
    """A model, three customers in two segments."""
    shop.publish_model("v1", tastes)
    shop.publish_segments("s1", {"p2": (1, "loyal"), "p0": (0, "browsers"), "stranger": (0, "browsers")})
    shop.look()
    return shop


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore(tmp_path / "metrics.db")


def app_of(shop: Shop, settings: Settings, store: Any) -> ASGIApp:
    away = replace(settings, kafka_bootstrap="127.0.0.1:9")
    doors = Doors({"testserver"})  # as TestClient calls it
    return create_app(shop.backstage, store, Intake(away, shop.backstage.product), doors=doors)


@pytest.fixture
def stocked_client(settings: Settings, stocked: Shop, store: EmbeddedStore) -> TestClient:
    return TestClient(app_of(stocked, settings, store))


@pytest.fixture
def empty_client(settings: Settings, shop: Shop, store: EmbeddedStore) -> TestClient:
    shop.look()
    return TestClient(app_of(shop, settings, store))


@pytest.fixture
def answers(stocked_client: TestClient) -> Any:
    """A path -> its JSON."""
    return lambda path, **params: stocked_client.get(path, params=params).json()
