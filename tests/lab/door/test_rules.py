"""What the door lets through, rule by rule."""

import pytest

from shoplab.core.listen import answers_to
from shoplab.lab.door.rules import Asked, hdfs, refusal, spark

OWN = "127.0.0.1:9820"
HDFS, SPARK = hdfs("namenode", "http://127.0.0.1:6566"), spark("driver", "http://127.0.0.1:6665")


def status(target: str, method: str = "GET", server: object = HDFS, **headers: str) -> int:
    """200 for what may pass."""
    path, _, query = target.partition("?")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    asked = Asked(method, path, query, {"host": "127.0.0.1:9870"} | named)
    found = refusal(asked, server, {"lab.example"}, OWN)  # type: ignore[arg-type]
    return found[0] if found else 200


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:9870", True), ("localhost", True), ("LOCALHOST:1", True), ("datanode.localhost:9864", True),
        ("[::1]:9870", True), ("192.168.1.7:8000", True), ("lab.example:80", True),
        ("evil.example:9870", False), ("127.0.0.1.evil.example", False), ("localhost.evil.example", False),
        ("lab.example.evil", False), ("", False), ("127.0.0.1:9870:1", False), ("a@127.0.0.1", False),
    ],
)  # fmt: skip
def test_only_names_that_nobody_else_can_point_here(host: str, ours: bool) -> None:
    assert answers_to(host, {"lab.example"}) is ours


@pytest.mark.parametrize(
    "target",
    ["/", "/dfshealth.html", "/explorer.html", "/static/hadoop.css", "/dn.js", "/conf", "/webhdfs/v1/?op=LISTSTATUS",
     "/webhdfs/v1/a;b/c..d?op=OPEN", "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo",
     "/jmx?qry=Hadoop%3Aservice%3DDataNode%2Cname%3DDataNodeInfo",
     f"/webhdfs/v1/x?op=OPEN&namenoderpcaddress={OWN}"],
)  # fmt: skip
def test_what_the_pages_ask_for_passes(target: str) -> None:
    assert status(target) == 200
    assert status(target, sec_fetch_site="same-origin") == 200
    assert status(target, sec_fetch_site="none") == 200


@pytest.mark.parametrize(
    "target",
    ["/logLevel?log=x&level=DEBUG", "/imagetransfer?getimage=1", "/stacks", "/logs/", "/jmx", "/jmx?get=x::y",
     "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo&get=x::y",
     "/jmx?qry=java.lang:type=Runtime", "/prof", "/fsck", "/webhdfs/v1/../../logLevel", "/webhdfs/v1/..;/..;/logLevel",
     "/webhdfs/v1/x\\..\\y", "/static/../logLevel", "/webhdfs/v2/", "//logLevel", "/dfshealth.html/../logLevel"],
)  # fmt: skip
def test_what_they_do_not_ask_for_does_not(target: str) -> None:
    assert status(target) == 404


@pytest.mark.parametrize(
    "query",
    ["namenoderpcaddress=203.0.113.7:8020", f"namenoderpcaddress={OWN}&namenoderpcaddress=203.0.113.7:8020",
     "op=OPEN;namenoderpcaddress=203.0.113.7:8020", "op=OPEN&NameNodeRpcAddress=203.0.113.7:8020",
     "op=OPEN&namenode%72pcaddress=203.0.113.7:8020"],
)  # fmt: skip
def test_a_data_node_is_sent_to_no_other_namenode(query: str) -> None:
    assert status(f"/webhdfs/v1/x?{query}") == 403


def test_another_origin_gets_nothing() -> None:
    for method in ("GET", "PUT", "POST", "DELETE"):
        assert status("/webhdfs/v1/x", method, sec_fetch_site="cross-site") == 403
        assert status("/webhdfs/v1/x", method, sec_fetch_site="same-site") == 403  # another port of this machine
        assert status("/webhdfs/v1/x", method, origin="http://evil.example") == 403
        assert status("/webhdfs/v1/x", method, origin="null") == 403
        assert status("/webhdfs/v1/x", method, origin="http://127.0.0.1:3000") == 403
    assert status("/webhdfs/v1/x", "PUT", origin="http://127.0.0.1:9870", sec_fetch_site="same-origin") == 200
    assert status("/webhdfs/v1/x", "OPTIONS") == 405  # nor an answer to the question whether it might


def test_a_link_opens_a_page_and_nothing_else() -> None:
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert status("/explorer.html", **link) == 200
    assert status("/", server=SPARK, **link) == 200
    assert status("/webhdfs/v1/x?op=OPEN", **link) == 403
    assert status("/explorer.html", **link | {"sec_fetch_dest": "iframe"}) == 403
    assert status("/explorer.html", "POST", **link) == 403


def test_sparks_pages_are_for_reading() -> None:
    assert status("/jobs/", server=SPARK) == 200
    assert status("/proxy/app-1/stages/", "HEAD", server=SPARK) == 200
    assert status("/jobs/job/kill/?id=0", server=SPARK) == 404
    assert status("/stages/stage/kill", server=SPARK) == 404
    assert status("/proxy/app-1/jobs/job/kill/", server=SPARK) == 404
    assert status("/app/kill/", "POST", server=SPARK) == 405
