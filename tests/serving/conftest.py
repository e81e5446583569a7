"""A lab's HDFS in memory with a published model, segments and stream batches, and a recommender with plain answers."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from shoplab.core.catalog import Catalog
from shoplab.core.settings import Settings
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.recommend.data.histories import UserContext
from shoplab.recommend.data.products import Product
from shoplab.recommend.model.recommender import Recommendation
from shoplab.serving.api import create_app
from shoplab.serving.backstage import Backstage
from tests.memory_hdfs import MemoryHdfs

RECOMMENDATION = pa.schema(
    [("user_id", pa.string()), ("rank", pa.int32()), ("product_id", pa.string()), ("score", pa.float64()),
     ("collaborative", pa.float64()), ("content", pa.float64()), ("segment", pa.float64()), ("why", pa.string()),
     ("sources", pa.map_(pa.string(), pa.float64()))]
)  # fmt: skip
SEGMENT = pa.schema([("user_id", pa.string()), ("segment", pa.int32()), ("segment_name", pa.string())])


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


@dataclass
class PlainRecommender:
    """Knows the users u1 and u2 and the products p1 to p30; recommends p1, p2, … to everyone."""

    version: str
    asked: list[UserContext] = field(default_factory=list)
    increment: int = 0

    @property
    def shoppers(self) -> Any:
        return SimpleNamespace(index={"u1": 0, "u2": 1})

    def product(self, product_id: str) -> Product | None:
        return Product(product_id, None, "electronics.phone", "acme", 9.5) if product_id.startswith("p") else None

    def recommend(self, users: Sequence[UserContext], k: int) -> list[list[Recommendation]]:
        self.asked += users
        return [[_planted(n) for n in range(1, min(k, 30) + 1)] for _ in users]


def _planted(n: int) -> Recommendation:
    sources = {"als": 0.4 / n, "neighbours": 0.1 / n, "content": 0.3 / n, "popularity": 0.2 / n}
    return Recommendation(f"p{n}", 1 / n, 0.5 / n, 0.3 / n, 0.2 / n, "planted", sources)


@dataclass
class Shop:
    """The backstage of an API and the ground it stands on. `look()` is one round of its background thread."""

    hdfs: MemoryHdfs
    backstage: Backstage

    def look(self) -> None:
        self.backstage.refresh()

    def publish_model(self, version: str) -> None:
        self.hdfs.files[f"/data/models/recommender/version={version}/model.json"] = b"{}"
        self.hdfs.files["/data/models/recommender/CURRENT"] = version.encode()

    def publish_segments(self, version: str, members: dict[str, tuple[int, str]]) -> None:
        rows = [{"user_id": user, "segment": number, "segment_name": name} for user, (number, name) in members.items()]
        half = len(rows) // 2
        for part, some in enumerate((rows[:half], rows[half:])):
            path = f"/data/processed/segments/version={version}/part-{part}.snappy.parquet"
            self.hdfs.files[path] = parquet(pa.Table.from_pylist(some, SEGMENT))
        self.hdfs.files["/data/processed/segments/CURRENT"] = version.encode()

    def publish_live_segments(self, number: int, members: dict[str, tuple[int, str]]) -> None:
        rows = [{"user_id": user, "segment": number, "segment_name": name} for user, (number, name) in members.items()]
        path = f"/data/processed/live/segments/batch={number:010d}/part-0.snappy.parquet"
        self.hdfs.files[path] = parquet(pa.Table.from_pylist(rows, SEGMENT))

    def publish_batch(self, number: int, products: dict[str, list[str]], schema: pa.Schema = RECOMMENDATION) -> None:
        rows = [
            {"user_id": user, "rank": rank, "product_id": product, "score": 1 / rank, "collaborative": 1 / rank,
             "content": 0.0, "segment": 0.0, "why": f"batch {number}", "sources": {"recent": 1 / rank}}
            for user, items in products.items()
            for rank, product in reversed(list(enumerate(items, start=1)))
        ]  # fmt: skip
        folder = f"/data/processed/recommendations/batch={number:010d}"
        self.hdfs.files[f"{folder}/part-0.snappy.parquet"] = parquet(pa.Table.from_pylist(rows, schema))
        self.hdfs.files[f"{folder}/_SUCCESS"] = b""


@pytest.fixture
def shop(settings: Settings) -> Shop:
    """Nothing published yet."""
    catalog = Catalog(settings)
    hdfs = MemoryHdfs()
    catalog.storage = hdfs  # type: ignore[assignment]

    def load(_: Any, folder: str) -> Any:
        return PlainRecommender(folder.rsplit("=", 1)[1])

    return Shop(hdfs, Backstage(catalog, load))


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """A model, three customers in two segments, one stream batch for u2."""
    shop.publish_model("v1")
    shop.publish_segments("s1", {"u2": (1, "loyal"), "u1": (0, "browsers"), "u10": (0, "browsers")})
    shop.publish_batch(0, {"u2": ["p9", "p8"]})
    shop.look()
    return shop


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore(tmp_path / "metrics.db")


@pytest.fixture
def stocked_client(settings: Settings, stocked: Any, store: EmbeddedStore) -> TestClient:
    return TestClient(create_app(stocked.backstage, store))


@pytest.fixture
def empty_client(settings: Settings, shop: Any, store: EmbeddedStore) -> TestClient:
    shop.look()
    return TestClient(create_app(shop.backstage, store))
