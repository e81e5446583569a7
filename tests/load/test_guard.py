"""The bounds hold inside Locust itself, whoever starts it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from shoplab.core.settings import REPO, Settings, as_environment
from shoplab.core.storage import Storage
from shoplab.core.wait import wait_until
from shoplab.lab.ports import free_port

LOCUSTFILE = str(REPO / "loadtest" / "locustfile.py")


def locust(settings: Settings, *arguments: str, python: str = "", **environment: str) -> "subprocess.Popen[str]":
    """Locust as anyone may start it; `python` is run first in its process."""
    program = f"import sys; {python or 'pass'}; from locust.main import main; sys.argv[0] = 'locust'; main()"
    ours = {"SHOPLAB_WEBHDFS_URL": settings.webhdfs, "SHOPLAB_KAFKA_BOOTSTRAP": settings.kafka,
            "PYTHONPATH": str(REPO / "apps"), "LOCUST_HOST": settings.api_url}  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", program, "-f", LOCUSTFILE, *arguments],
        env=as_environment(settings) | ours | environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def output(process: "subprocess.Popen[str]") -> str:
    """What it printed until it ended; one that does not end is killed."""
    try:
        return process.communicate(timeout=120)[0]
    finally:
        process.kill()


def test_a_run_without_end_is_ended(loaded_lab: Settings) -> None:
    bound = "from shoplab.load import bounds; bounds.MAX_SECONDS = 2"
    process = locust(loaded_lab, "--headless", "--users", "2", "ShopperUser", python=bound)
    said = output(process)
    assert process.returncode == 0, said
    assert "lab: 2 s, the bound" in said


def test_more_users_than_the_bound_are_not_made(loaded_lab: Settings) -> None:
    bound = "from shoplab.load import bounds; bounds.MAX_USERS = 3"
    said = output(locust(loaded_lab, "--headless", "-u", "900", "-r", "900", "-t", "2s", "ShopperUser", python=bound))
    assert "Ramping to 3 users" in said


def test_the_bytes_on_hdfs_are_bounded(loaded_lab: Settings) -> None:
    bound = "from shoplab.load import bounds; bounds.MAX_BYTES = 1 << 20"
    said = output(locust(loaded_lab, "--headless", "-u", "2", "-t", "2m", "WebHdfsUser", python=bound))
    assert "the WebHDFS users wrote 1 MiB, the bound" in said
    assert Storage(loaded_lab).names("/tmp/load") == []


def test_a_foreign_host_is_refused_with_exit_code_2(loaded_lab: Settings) -> None:
    process = locust(loaded_lab, "--headless", "-t", "2s", "ShopperUser", "--host", "http://203.0.113.7")
    said = output(process)
    assert process.returncode == 2, said
    assert "this machine's lab only, not to http://203.0.113.7" in said
    assert "Aggregated                                                                         0" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--master", "--expect-workers", "1"], "leave out --master and --worker"),
        (["--processes", "2", "ShopperUser"], "add --master-bind-host 127.0.0.1"),
    ],
)
def test_several_processes_are_of_this_machine_and_of_shoppers_that_arrive(
    settings: Settings, arguments: list[str], told: str
) -> None:
    process = locust(settings, "--headless", "--master-bind-port", str(free_port()), *arguments)
    assert told in output(process)
    assert process.returncode == 1


def test_stopped_by_the_system_it_cleans_up(loaded_lab: Settings) -> None:
    storage = Storage(loaded_lab)
    process = locust(loaded_lab, "--headless", "-u", "2", "-t", "2m", "WebHdfsUser")
    wait_until(lambda: storage.walk("/tmp/load"), 60, "nothing was ever written")
    process.send_signal(signal.SIGTERM)
    output(process)
    assert storage.names("/tmp/load") == []


class Elsewhere(BaseHTTPRequestHandler):
    """A server on this machine that sends its clients to another."""

    def do_GET(self) -> None:
        self.send_response(307)
        self.send_header("Location", "http://203.0.113.7:9864/webhdfs/v1/x")
        self.end_headers()


def test_a_redirect_to_another_machine_is_not_followed(settings: Settings) -> None:
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        away = replace(settings, webhdfs_url=f"http://127.0.0.1:{server.server_port}")
        said = output(locust(away, "--headless", "-u", "1", "-t", "2s", "WebHdfsUser", python=_READ_AT_ONCE))
        server.shutdown()
    assert "this machine's lab only, not to http://203.0.113.7:9864" in said


# Users write before they read; this asks for something at once
_READ_AT_ONCE = (
    f"import locust; sys.path.insert(0, {str(REPO / 'loadtest')!r}); import webhdfs; webhdfs.connect().status('/')"
)


@pytest.fixture
def page(loaded_lab: Settings) -> Iterator[httpx.Client]:
    """Locust with its page, as the Docker lab runs it."""
    port = free_port()
    process = locust(loaded_lab, "--web-host", "127.0.0.1", "--web-port", str(port), "--class-picker")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        wait_until(lambda: _answers(client) or process.poll() is not None, 60, "Locust's page never came up")
        assert process.poll() is None, output(process)
        yield client
    process.terminate()
    output(process)


def _answers(client: httpx.Client) -> bool:
    with suppress(httpx.TransportError):
        return client.get("/").status_code == 200
    return False


def _stats(page: httpx.Client) -> dict[str, Any]:
    return page.get("/stats/requests").json()


def swarm(page: httpx.Client, headers: dict[str, str] | None = None, **form: Any) -> httpx.Response:
    values = {"user_count": "2", "spawn_rate": "2", "user_classes": "ShopperUser"} | form
    return page.post("/swarm", data=values, headers=headers)


def test_the_page_starts_a_bounded_run_and_stops_it(page: httpx.Client, loaded_lab: Settings) -> None:
    started = swarm(page, host=loaded_lab.api_url, arrivals="20", run_time="1m", shape="ramp")
    assert started.json()["success"] is True
    wait_until(lambda: any(row["num_requests"] for row in _stats(page)["stats"]), 60, "no request was ever made")
    page.post("/stop")
    wait_until(lambda: _stats(page)["state"] == "stopped", 60, "it did not stop")


def test_the_page_refuses_what_is_out_of_bounds(page: httpx.Client) -> None:
    for form, told in (
        ({"host": "http://203.0.113.7"}, "this machine's lab only"),
        ({"user_count": "501"}, "500 users at most"),
        ({"shape": "flood"}, "no shape flood; there are steady, ramp, spike, soak"),
        ({"run_time": "11m"}, "outside 1s to 10m"),
    ):
        answer = swarm(page, **form).json()
        assert answer["success"] is False
        assert told in answer["message"]
        assert _stats(page)["state"] == "ready"


def test_pages_of_other_sites_can_do_nothing(page: httpx.Client) -> None:
    assert swarm(page, headers={"Origin": "http://evil.example"}).status_code == 403
    assert page.get("/stop", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert page.get("/", headers={"Host": "evil.example"}).json()["success"] is False
    assert page.post("/user", json={"user_class_name": "ShopperUser", "host": "http://x"}).status_code == 403
