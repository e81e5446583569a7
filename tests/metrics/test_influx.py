"""InfluxDB going wrong, on a real server."""

import socket
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings
from shoplab.metrics.influx import InfluxStore
from shoplab.metrics.point import Point
from shoplab.metrics.store import open_store

NOON = datetime(2019, 11, 1, 12, tzinfo=UTC)
POINT = Point("m", {}, {"x": 1}, NOON)


def test_an_influx_url_opens_influx(influx_settings: Settings) -> None:
    assert isinstance(open_store(influx_settings), InfluxStore)


def test_a_url_without_a_token_is_bad_input(settings: Settings) -> None:
    with pytest.raises(LabError, match="SHOPLAB_INFLUX_TOKEN"):
        open_store(replace(settings, influx_url="http://127.0.0.1:9", influx_token=""))


def test_a_wrong_token_is_named_but_never_shown(influx_settings: Settings) -> None:
    store = InfluxStore(replace(influx_settings, influx_token="wrong-secret"))
    for attempt in (store.ping, lambda: store.write([POINT]), lambda: store.query("m")):
        with pytest.raises(ServiceError, match="refused the token; correct SHOPLAB_INFLUX_TOKEN") as refused:
            attempt()
        assert "wrong-secret" not in str(refused.value)


def test_a_missing_bucket_is_named(influx_settings: Settings) -> None:
    store = InfluxStore(replace(influx_settings, influx_bucket="nowhere"))
    for attempt in (store.ping, lambda: store.write([POINT])):
        with pytest.raises(ServiceError, match="bucket 'nowhere'"):
            attempt()


def test_a_point_the_server_refuses_is_bad_input_not_a_missing_service(influx_store: InfluxStore) -> None:
    influx_store.write([Point("typed", {}, {"x": 1}, NOON)])
    with pytest.raises(LabError, match="refused the points") as refused:
        influx_store.write([Point("typed", {}, {"x": "text"}, NOON)])
    assert not isinstance(refused.value, ServiceError)
    assert "\n" not in str(refused.value)


def test_no_server_is_a_missing_service_in_one_line(settings: Settings) -> None:
    store = InfluxStore(replace(settings, influx_url="http://127.0.0.1:9", influx_token="t"))
    for attempt in (store.ping, lambda: store.write([POINT])):
        with pytest.raises(ServiceError, match=r"does not answer at http://127\.0\.0\.1:9") as refused:
            attempt()
        assert "\n" not in str(refused.value)


def test_one_that_never_answers_holds_up_one_call_and_not_the_next(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and that is all
        port = silent.getsockname()[1]
        store = InfluxStore(replace(settings, influx_url=f"http://127.0.0.1:{port}", influx_token="t"))
        with pytest.raises(ServiceError, match="does not answer"):
            store.write([POINT])
        started = time.monotonic()
        with pytest.raises(ServiceError, match="asked again soon"):
            store.write([POINT])
        assert time.monotonic() - started < 1
