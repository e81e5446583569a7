"""What a page of another origin can do to the Docker lab, in Chromium: nothing. And what the lab's own pages can."""

import pytest
from playwright.sync_api import Page

from shoplab.core.storage import Storage
from tests import elsewhere
from tests.browser import wait_for
from tests.docker.conftest import Stack
from tests.elsewhere import fetched, get

# Inside the network, where a browser on Linux reaches containers by their addresses
INSIDE = {"namenode": (6566, 9820), "datanode": (6697, 9866), "spark-master": (6665, 7077), "spark-worker": (6666,),
          "history": (6667,), "stream": (6665,), "kafka": (9092, 9094), "api": (8000,),
          "door": (9870, 8080, 18080)}  # fmt: skip
DOORS = ("namenode_http_port", "datanode_http_port", "spark_master_port", "history_port")


@pytest.fixture(scope="module")
def pages(stack: Stack) -> list[str]:
    """Every page of the lab, at this machine's ports and at the containers' own."""
    here = [f"http://127.0.0.1:{getattr(stack.settings, name)}" for name in (*DOORS, "api_port", "kafka_port")]
    return here + [f"http://{address}:{port}" for address, port in _inside(stack)]


def _inside(stack: Stack) -> list[tuple[str, int]]:
    networks = {name: told["NetworkSettings"]["Networks"] for name, told in stack.containers().items()}
    addresses = {name: next(iter(found.values()))["IPAddress"] for name, found in networks.items()}
    return [(addresses[name], port) for name, ports in INSIDE.items() for port in ports]


def test_another_page_reads_nothing(stack: Stack, tab: Page, stranger: str, pages: list[str]) -> None:
    Storage(stack.settings).write("/tmp/secret.txt", b"secret")
    open_file = "/webhdfs/v1/tmp/secret.txt?op=OPEN&namenoderpcaddress=namenode:9820&offset=0"
    bean = "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo"
    for page in pages:
        for path in ("/", open_file, "/webhdfs/v1/?op=LISTSTATUS", "/conf", bean, "/json/", "/health",
                     "/imagetransfer?getimage=1&txid=latest", "/api/v1/applications"):  # fmt: skip
            assert fetched(tab, page + path).startswith("no:"), page + path


def test_influxdb_tells_another_page_that_it_is_there_and_no_more(stack: Stack, tab: Page, stranger: str) -> None:
    """It allows every origin to ask, and lets nobody in without a token."""
    page = f"http://127.0.0.1:{stack.settings.influx_port}"
    for path in ("/api/v2/buckets", "/api/v2/write?org=shoplab&bucket=shoplab", "/api/v2/authorizations"):
        assert fetched(tab, page + path, "{credentials: 'omit'}").startswith(("401", "405")), path
        assert fetched(tab, page + path, "{credentials: 'include'}").startswith("no:"), path
    for path in ("/", "/health", "/metrics", "/debug/pprof/heap"):
        assert fetched(tab, page + path).startswith("no:"), path
    assert get(f"{page}/metrics").status_code == 403
    assert get(f"{page}/debug/pprof/heap").status_code == 403


def test_another_page_changes_nothing(stack: Stack, tab: Page, stranger: str, pages: list[str]) -> None:
    apps = [app["id"] for app in _master(stack)["activeapps"]]
    for page in pages:
        for path in ("/webhdfs/v1/tmp/made?op=MKDIRS&user.name=shoplab", "/logLevel?log=org.evil&level=DEBUG",
                     f"/app/kill/?id={apps[0]}&terminate=true", "/jobs/job/kill/?id=0", "/workers/kill/?host=x",
                     "/webhdfs/v1/tmp/made?op=CREATE&overwrite=true&namenoderpcaddress=namenode:9820"):  # fmt: skip
            elsewhere.try_all(tab, page + path)
    assert "made" not in Storage(stack.settings).names("/tmp")
    assert [app["id"] for app in _master(stack)["activeapps"]] == apps
    level = stack.run("namenode", "curl", "-s", "http://localhost:6566/logLevel?log=org.evil")
    assert "Effective Level" in level
    assert "DEBUG" not in level


def _master(stack: Stack) -> dict[str, list[dict[str, str]]]:
    told: dict[str, list[dict[str, str]]] = get(f"http://127.0.0.1:{stack.settings.spark_master_port}/json/").json()
    return told


def test_a_name_that_is_not_the_labs_gets_nothing(stack: Stack) -> None:
    for name in (*DOORS, "api_port"):
        port = getattr(stack.settings, name)
        assert get(f"http://127.0.0.1:{port}/", Host="evil.example").status_code == 421, name
        assert get(f"http://localhost:{port}/").status_code == 200, name


def test_the_file_browser_uploads_and_downloads(stack: Stack, tab: Page) -> None:
    Storage(stack.settings).make_folder("/tmp/browsed", "1777")
    tab.goto(f"http://localhost:{stack.settings.namenode_http_port}/explorer.html#/tmp/browsed")
    wait_for(tab, "Browse Directory")
    elsewhere.upload(tab, "by browser.txt", "brought by the browser")
    wait_for(tab, "by browser.txt")
    assert Storage(stack.settings).read("/tmp/browsed/by browser.txt") == b"brought by the browser"
    assert fetched(tab, "/webhdfs/v1/tmp/browsed/by%20browser.txt?op=OPEN") == "200 brought by the browser"


def test_sparks_pages_are_whole(stack: Stack, tab: Page) -> None:
    """The master's, and through it a worker's and the stream's, with their styles."""
    master = f"http://localhost:{stack.settings.spark_master_port}"
    tab.goto(master)
    links = tab.evaluate("[...document.links].map(link => link.href)")
    for part in ("worker-", "app-"):
        link = next(found for found in links if f"/proxy/{part}" in found)
        assert link.startswith(master)
        tab.goto(link)
        assert tab.evaluate("document.styleSheets.length") > 0, link
        assert "Spark" in tab.title() or "stream" in tab.title(), link
