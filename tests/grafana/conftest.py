"""A short run of the real jobs, the stream and the API, with a real InfluxDB behind them."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pyspark.sql import SparkSession

from shoplab.behaviour.job import analyse
from shoplab.behaviour.points import behaviour_points
from shoplab.core.frames import SparkCatalog
from shoplab.core.kafka import empty_topic
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.events.job import ingest
from shoplab.events.mapping import load_mapping
from shoplab.events.sources import inspect
from shoplab.lab.api import start_api
from shoplab.lab.ports import free_port
from shoplab.metrics.jobs import write_job_points
from shoplab.metrics.store import MetricStore, open_store
from shoplab.recommend.job import train
from shoplab.recommend.model.files import load_current
from shoplab.recommend.points import model_points
from shoplab.segments.job import SegmentRequest, segment
from shoplab.segments.points import segment_points
from shoplab.streaming.job import LiveJob
from shoplab.streaming.replay import replay
from tests.data import CLICKS, csv_file, month_file, raw_line
from tests.metrics.conftest import BUCKET, ORG, TOKEN, Influxd, influxd
from tests.monitor.spark_master import standalone_spark
from tests.streaming.conftest import drain

__all__ = ["influxd"]

REES46 = load_mapping("rees46")


@pytest.fixture(scope="session")
def with_influx(lab: Settings, influxd: Influxd, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return replace(
        lab, data_root="/grafana", events_topic="grafana-events", home=tmp_path_factory.mktemp("grafana"),
        influx_url=influxd.url, influx_token=TOKEN, influx_read_token="", influx_org=ORG, influx_bucket=BUCKET,
    )  # fmt: skip


@pytest.fixture(scope="session")
def ran(with_influx: Settings, spark: SparkSession) -> Iterator[Settings]:
    """October learned, November learned and streamed, the API asked, a standalone Spark looked at."""
    settings = with_influx
    catalog = SparkCatalog(settings, spark)
    store = open_store(settings)
    empty_topic(settings)
    _learn(catalog, month_file(settings.home / "oct.csv", 10, 600), SegmentRequest(as_of=dt.date(2019, 10, 31), k=3))
    _learn(
        catalog,
        month_file(settings.home / "nov.csv", 11, 400),
        SegmentRequest(as_of=dt.date(2019, 11, 30), update=True),
    )
    _train(catalog)
    with standalone_spark(settings, settings.home) as with_spark:
        api = start_api(replace(with_spark, api_port=free_port()))
        try:
            replay(settings, inspect(csv_file(settings.home / "live.csv", *_clicks(200))))
            drain(settings, spark, LiveJob(settings, store))
            _ask(api.url, store)
        finally:
            api.stop()
    yield settings
    store.close()
    catalog.storage.delete("/grafana")


def _clicks(count: int) -> list[str]:
    return [
        raw_line(time=f"2019-11-20 12:{n // 60:02}:{n % 60:02} UTC", kind=CLICKS[n % 5], product=str(n % 12),
                 user=str(n % 40), session=f"live-{n % 40}")
        for n in range(count)
    ]  # fmt: skip


def _learn(catalog: SparkCatalog, source: Path, request: SegmentRequest) -> None:
    """What `./lab ingest`, `analyse` and `segment` do."""
    settings = catalog.settings
    ingest(catalog, inspect(source, REES46))
    analyse(catalog)
    write_job_points(settings, "analyse", lambda: behaviour_points(catalog))
    segmented = segment(catalog, request)
    write_job_points(settings, "segment", lambda: segment_points(catalog, segmented))


def _train(catalog: SparkCatalog) -> None:
    """What `./lab train` does."""
    trained = train(catalog)
    write_job_points(catalog.settings, "train", lambda: model_points(load_current(catalog), trained))


def _ask(url: str, store: MetricStore) -> None:
    """Asks until the answers show in the store, and the watch has looked twice."""

    def asked() -> bool:
        for user in ("1", "2", "nobody"):
            httpx.get(f"{url}/recommendations/{user}", trust_env=False)
        return len(store.query("kafka")) > 1 and bool(store.query("api_requests", tags={"source": "live"}))

    wait_until(asked, 60, "the API never wrote what it was asked", every=0.5)
