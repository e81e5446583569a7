"""Where a load test may go, and how large it may be."""

from dataclasses import replace

import pytest

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings
from shoplab.load import bounds


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8000", "http://127.8.9.10", "http://localhost:9870/webhdfs/v1/x", "127.0.0.1:9092", "[::1]:9092",
     "http://[::1]:8000/"],
)  # fmt: skip
def test_this_machine_is_the_lab(address: str) -> None:
    bounds.check_address(address)


@pytest.mark.parametrize(
    "address",
    ["http://example.com", "http://192.168.1.10:8000", "0.0.0.0:9092", "http://127.0.0.1.example.com", "10.0.0.1:9092",
     "http://127.0.0.1@example.com", "http://example.com\\@127.0.0.1/", "http://localhost.example.com:80",
     "http://[::ffff:8.8.8.8]/", "ftp://127.0.0.1", "", "http://127.0.0.1 .example.com"],
)  # fmt: skip
def test_every_other_address_is_refused_in_one_line(address: str) -> None:
    with pytest.raises(LabError, match="this machine's lab only") as refused:
        bounds.check_address(address)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["api", "namenode", "door", "datanode", "kafka"])
def test_service_names_count_inside_the_labs_network_only(name: str) -> None:
    """On a company's network, `api` may be someone's server."""
    assert bounds.is_lab_host(name, in_container=True)
    assert not bounds.is_lab_host(name, in_container=False)


def test_no_other_name_counts_in_a_container() -> None:
    assert not bounds.is_lab_host("db", in_container=True)


def test_each_target_is_checked_by_its_own_address(settings: Settings) -> None:
    away = replace(settings, kafka_bootstrap="127.0.0.1:9092, kafka.example.com:9092")
    bounds.check_targets(away, ["shoppers", "webhdfs"])
    with pytest.raises(LabError, match=r"not to kafka\.example\.com:9092"):
        bounds.check_targets(away, ["kafka"])


def test_a_kafka_that_hands_clients_on_to_another_machine_is_refused() -> None:
    bounds.check_brokers("127.0.0.1:9092", ["127.0.0.1", "localhost"])
    with pytest.raises(ServiceError, match=r"it hands on to kafka\.example\.com"):
        bounds.check_brokers("127.0.0.1:9092", ["127.0.0.1", "kafka.example.com"])


@pytest.mark.parametrize(("text", "number"), [("30s", 30), ("2m", 120), ("1m30s", 90), ("45", 45), ("10m", 600)])
def test_durations(text: str, number: int) -> None:
    assert bounds.seconds(text) == number


@pytest.mark.parametrize("text", ["", "soon", "1h", "-5s", "1.5m", "11m", "601s", "0s"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(LabError, match=r"--time"):
        bounds.seconds(text)
