"""What a page of another origin can do to a running lab, in Chromium: nothing. And what the lab's own pages can."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page

from shoplab.core.listen import UNREACHABLE, UNREACHABLE_BY_SPARK
from shoplab.core.settings import Settings
from shoplab.core.storage import Storage
from shoplab.lab import ports
from shoplab.lab.ports import free_port
from tests import elsewhere
from tests.browser import refusal, wait_for
from tests.elsewhere import fetched, get

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SECRET = b"what no other page may see"


def pages(lab: Settings) -> list[str]:
    """The doors, and the servers themselves."""
    theirs = (lab.namenode_http_port, lab.datanode_http_port, lab.spark_ui_port, lab.namenode_own_port,
             lab.datanode_own_port)  # fmt: skip
    return [f"http://127.0.0.1:{port}" for port in theirs]


@pytest.mark.parametrize("port", [*UNREACHABLE, *UNREACHABLE_BY_SPARK])
def test_no_browser_opens_a_servers_own_port(tab: Page, stranger: str, port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    assert "net::ERR_UNSAFE_PORT" in refusal(tab, url)
    assert "net::ERR_UNSAFE_PORT" in refusal(tab, f"{stranger}/to?{url}")


def test_no_page_reaches_a_servers_own_port(tab: Page, stranger: str) -> None:
    with elsewhere.server(port := free_port(ports.FREE_OF_BROWSERS)) as (_, asked):  # none of another worker's lab
        assert fetched(tab, f"http://127.0.0.1:{port}").startswith("no:")
        assert fetched(tab, f"{stranger}/to?http://127.0.0.1:{port}").startswith("no:")
        elsewhere.try_all(tab, f"http://127.0.0.1:{port}")
        assert asked == []


def test_another_page_reads_nothing(lab: Settings, tab: Page, stranger: str) -> None:
    Storage(lab).write("/tmp/secret.txt", SECRET)
    rpc = f"namenoderpcaddress=127.0.0.1:{lab.namenode_port}"
    paths = (f"/webhdfs/v1/tmp/secret.txt?op=OPEN&{rpc}&offset=0", "/webhdfs/v1/?op=LISTSTATUS", "/conf",
             "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo", "/imagetransfer?getimage=1&txid=latest")  # fmt: skip
    for page in pages(lab):
        for path in paths:
            assert fetched(tab, page + path).startswith("no:"), page + path
            assert fetched(tab, page + path, "{headers: {'X-XSRF-HEADER': '1'}}").startswith("no:"), page + path


def test_another_page_writes_nothing(lab: Settings, tab: Page, stranger: str) -> None:
    rpc = f"namenoderpcaddress=127.0.0.1:{lab.namenode_port}&overwrite=true"
    Storage(lab).write("/tmp/secret.txt", SECRET)
    for page in pages(lab):
        for query in ("made?op=MKDIRS", f"made?op=CREATE&{rpc}", f"secret.txt?op=APPEND&{rpc}", "secret.txt?op=DELETE"):
            elsewhere.try_all(tab, f"{page}/webhdfs/v1/tmp/{query}")
    assert "made" not in Storage(lab).names("/tmp")
    assert Storage(lab).read("/tmp/secret.txt") == SECRET


def test_another_page_changes_no_log_level(lab: Settings, tab: Page, stranger: str) -> None:
    for page in pages(lab):
        url = f"{page}/logLevel?log=org.apache.hadoop.evil&level=DEBUG"
        elsewhere.try_all(tab, url)
        elsewhere.send_form(tab, url, "GET")
        refusal(tab, url)
        tab.goto(stranger)
    said = get(f"{lab.webhdfs}/logLevel?log=org.apache.hadoop.evil").text
    assert "Effective Level" in said
    assert "DEBUG" not in said


def test_another_page_ends_no_spark_job(spark: "SparkSession", tab: Page, stranger: str) -> None:
    page = str(spark.sparkContext.uiWebUrl)
    assert int(page.rsplit(":", 1)[1]) in UNREACHABLE_BY_SPARK
    assert spark.conf.get("spark.ui.killEnabled") == "false"
    assert "(kill)" not in get(f"{page}/jobs/").text
    assert "net::ERR_UNSAFE_PORT" in refusal(tab, f"{page}/jobs/job/kill/?id=0")
    tab.goto(stranger)


def test_the_file_browser_uploads_and_downloads(lab: Settings, tab: Page) -> None:
    Storage(lab).make_folder("/tmp/browsed", "777")
    tab.goto(f"{lab.hdfs_page}/explorer.html#/tmp/browsed")
    # Until it has listed the folder, it does not know where an upload goes.
    wait_for(tab, "0 of 0 entries")
    elsewhere.upload(tab, "by browser.txt", "brought by the browser")
    wait_for(tab, "by browser.txt")
    assert Storage(lab).read("/tmp/browsed/by browser.txt") == b"brought by the browser"
    assert fetched(tab, "/webhdfs/v1/tmp/browsed/by%20browser.txt?op=OPEN") == "200 brought by the browser"


def test_the_namenodes_page_shows_its_data_node(lab: Settings, tab: Page) -> None:
    tab.goto(f"{lab.hdfs_page}/dfshealth.html#tab-datanode")
    link = f"http://127.0.0.1:{lab.datanode_http_port}"
    tab.locator(f"[href^='{link}']").first.wait_for()
    tab.goto(f"{link}/datanode.html")
    wait_for(tab, "Block Pools")
