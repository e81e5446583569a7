"""A short run of the real jobs, the stream and the API, with a real InfluxDB behind them."""

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pyspark.sql import SparkSession

from shoplab.behaviour.job import analyse
from shoplab.behaviour.metrics import behaviour_points
from shoplab.catalog import Catalog
from shoplab.ingest.job import ingest
from shoplab.ingest.mapping import load_mapping
from shoplab.metrics.jobs import write_job_points
from shoplab.metrics.store import MetricStore, open_store
from shoplab.recommend.job import load_current, train
from shoplab.recommend.metrics import model_points
from shoplab.segments.job import Request, segment
from shoplab.segments.metrics import segment_points
from shoplab.serving.server import start_api
from shoplab.settings import Settings
from shoplab.streaming.job import LiveJob, start_stream
from shoplab.streaming.replay import replay
from shoplab.streaming.topic import empty_topic
from tests.data import csv_file, raw_line
from tests.lab.spark_master import standalone_spark
from tests.metrics.conftest import BUCKET, ORG, TOKEN, Influxd, influxd
from tests.serving.conftest import free_port

__all__ = ["influxd"]

REES46 = load_mapping(None)
CLICKS = ["view", "view", "cart", "view", "purchase"]


def month(path: Path, number: int, events: int) -> Path:
    """Sessions of five events, each with an order, of 60 users in turn: enough buyers to say what they are worth. Every
    fourth session has no cart.
    """
    return csv_file(path, *[
        raw_line(time=f"2019-{number}-{1 + n // 60:02} 10:{n % 60:02}:00 UTC",
                 kind="view" if n // 5 % 4 == 3 and n % 5 == 2 else CLICKS[n % 5],
                 product=str(n % 12), price=str(5 + n % 12), user=str(n // 5 % 60), session=f"{number}-{n // 5}")
        for n in range(events)
    ])  # fmt: skip


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
    catalog = Catalog(settings, spark)
    store = open_store(settings)
    empty_topic(settings)
    _learn(catalog, month(settings.home / "oct.csv", 10, 600), Request(as_of=dt.date(2019, 10, 31), k=3))
    _learn(catalog, month(settings.home / "nov.csv", 11, 400), Request(as_of=dt.date(2019, 11, 30), update=True))
    _train(catalog)
    with standalone_spark(settings, settings.home) as with_spark:
        api = start_api(replace(with_spark, api_port=free_port()))
        try:
            replay(settings, csv_file(settings.home / "live.csv", *_clicks(200)), REES46)
            _drain(settings, spark, store)
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


def _learn(catalog: Catalog, source: Path, request: Request) -> None:
    """What `./lab ingest`, `analyse` and `segment` do."""
    settings = catalog.settings
    ingest(catalog, source, REES46)
    analyse(catalog)
    write_job_points(settings, "analyse", lambda: behaviour_points(catalog))
    segmented = segment(catalog, request)
    write_job_points(settings, "segment", lambda: segment_points(catalog, segmented))


def _train(catalog: Catalog) -> None:
    """What `./lab train` does."""
    trained = train(catalog)
    write_job_points(catalog.settings, "train", lambda: model_points(load_current(catalog.settings), trained))


def _drain(settings: Settings, spark: SparkSession, store: MetricStore) -> None:
    query = start_stream(settings, spark, LiveJob(settings, store), drain=True)
    try:
        query.awaitTermination()
    finally:
        query.stop()


def _ask(url: str, store: MetricStore) -> None:
    """Asks until the answers show in the store, and the watch has looked twice."""
    deadline = time.monotonic() + 60
    while len(store.query("kafka")) < 2 or not store.query("api_requests", tags={"source": "live"}):
        assert time.monotonic() < deadline, "the API never wrote what it was asked"
        for user in ("1", "2", "nobody"):
            httpx.get(f"{url}/recommendations/{user}", trust_env=False)
        time.sleep(0.5)
