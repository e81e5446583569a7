"""A real influxd, a clean store of each kind, and an HDFS that can go away."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from shoplab.core.settings import Settings, load_settings
from shoplab.core.wait import wait_until
from shoplab.lab.ports import free_port
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.metrics.influx import InfluxStore
from shoplab.metrics.store import MetricStore
from tests.memory_hdfs import MemoryHdfs

ORG, BUCKET, TOKEN = "shoplab", "shoplab", "a-token-for-tests-only"


@dataclass
class Influxd:
    """A server on a free port with its data in a folder of its own; it can be stopped and started again."""

    binary: str
    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = self.folder / "influxd.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [self.binary, "--http-bind-address", f"127.0.0.1:{self.port}", "--reporting-disabled",
                 "--bolt-path", str(self.folder / "influxd.bolt"), "--sqlite-path", str(self.folder / "influxd.sqlite"),
                 "--engine-path", str(self.folder / "engine")],
                stdout=output, stderr=output,
            )  # fmt: skip
        wait_until(lambda: self._healthy() or not self._runs(), 60, f"influxd did not start; see {log}", every=0.1)
        assert self._runs(), log.read_text()[-3000:]

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def _runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=1, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="session")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    cache = load_settings(dict(os.environ)).cache
    binary = next(iter(sorted(map(str, cache.glob("influxd/*/influxd")))), None) or shutil.which("influxd")
    if binary is None:
        pytest.skip("no influxd here; scripts/build-influxd makes one")
    server = Influxd(binary, tmp_path_factory.mktemp("influxd"), free_port())
    try:
        server.start()
        setup = {"username": "lab", "password": "only-for-tests", "org": ORG, "bucket": BUCKET, "token": TOKEN}
        httpx.post(f"{server.url}/api/v2/setup", json=setup, timeout=30, trust_env=False).raise_for_status()
        yield server
    finally:
        server.stop()


@pytest.fixture
def influx_settings(settings: Settings, influxd: Influxd) -> Settings:
    return replace(settings, influx_url=influxd.url, influx_token=TOKEN, influx_org=ORG, influx_bucket=BUCKET)


@pytest.fixture
def influx_store(influx_settings: Settings) -> Iterator[InfluxStore]:
    """The real server with an empty bucket."""
    store = InfluxStore(influx_settings)
    store._clients[0].delete_api().delete("1970-01-01T00:00:00Z", "2200-01-01T00:00:00Z", "", BUCKET, ORG)
    yield store
    store.close()


@pytest.fixture(params=["embedded", "influx"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MetricStore]:
    if request.param == "influx":
        yield request.getfixturevalue("influx_store")
        return
    embedded = EmbeddedStore(tmp_path / "home" / "metrics.db")
    yield embedded
    embedded.close()


@pytest.fixture
def hdfs() -> MemoryHdfs:
    return MemoryHdfs()
