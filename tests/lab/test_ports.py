import os
import socket
from dataclasses import replace

import pytest

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.listen import listen
from shoplab.core.settings import OWN_PORTS, PORTS, Settings, load_settings, variable
from shoplab.lab.ports import check_ports, is_taken, with_free_ports


def test_a_taken_port_is_named_with_its_owner() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        settings = replace(Settings(), kafka_port=number)
        with pytest.raises(
            ServiceError, match=rf"port {number} is taken by .*\(pid {os.getpid()}\).*SHOPLAB_KAFKA_PORT="
        ):
            check_ports(settings, ["kafka_port"])


@pytest.mark.parametrize("name", OWN_PORTS)
def test_a_servers_own_port_is_one_that_no_browser_opens(name: str) -> None:
    with listen("127.0.0.1", getattr(with_free_ports(Settings()), name)) as other:
        settings = replace(Settings(), **{name: other.getsockname()[1]})
        with pytest.raises(ServiceError, match=rf"{variable(name)}=\d+$|are taken; stop") as raised:
            check_ports(settings, [name])
    if "are taken" in str(raised.value):
        pytest.skip("all ports of this kind are in use here")
    load_settings({variable(name): str(raised.value).rpartition("=")[2]})
    with pytest.raises(LabError, match=variable(name)):
        load_settings({variable(name): "9870"})


def test_one_port_for_two_services_is_refused() -> None:
    settings = replace(with_free_ports(Settings()), namenode_port=21000, namenode_http_port=21000)
    with pytest.raises(LabError, match="SHOPLAB_NAMENODE_HTTP_PORT and SHOPLAB_NAMENODE_PORT are both 21000"):
        check_ports(settings, ["namenode_http_port", "namenode_port"])


def test_free_ports_are_all_different_and_free() -> None:
    settings = with_free_ports(Settings())
    numbers = [getattr(settings, name) for name in PORTS]
    assert len(set(numbers)) == len(PORTS)
    assert not any(is_taken(number) for number in numbers)
