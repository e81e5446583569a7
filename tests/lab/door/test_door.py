"""The doors of a running lab, by plain HTTP: what passes, what does not, and how long they wait."""

import socket
import subprocess
from collections.abc import Iterator

import pytest
import requests

from shoplab.core.settings import Settings
from shoplab.lab.door import patience
from shoplab.lab.embedded.services import DOOR, python_command, python_environment

SIZE = 20_000_000


@pytest.fixture(scope="module")
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def test_files_pass_both_ways_as_streams(lab: Settings, http: requests.Session) -> None:
    content = bytes(range(256)) * (SIZE // 256)
    url = f"{lab.hdfs_page}/webhdfs/v1/tmp/by door ä;x.bin"
    chunks = (content[at : at + 999_983] for at in range(0, len(content), 999_983))
    sent = http.put(f"{url}?op=CREATE&overwrite=true&noredirect=true", timeout=30).json()["Location"]
    assert sent.startswith(f"{lab.hdfs_page}/webhdfs/v1/")
    assert http.put(sent, data=chunks, timeout=60).status_code == 201
    assert http.get(f"{url}?op=OPEN", timeout=60).content == content
    assert http.delete(f"{url}?op=DELETE", timeout=30).json() == {"boolean": True}


def test_the_namenode_sends_on_to_the_door_and_not_past_it(lab: Settings, http: requests.Session) -> None:
    url = f"http://localhost:{lab.namenode_http_port}/webhdfs/v1/tmp/x?op=CREATE"
    answer = http.put(url, allow_redirects=False, timeout=30)
    assert answer.status_code == 307
    assert answer.headers["Location"].startswith(f"http://localhost:{lab.namenode_http_port}/webhdfs/v1/tmp/x?")
    beans = http.get(f"{lab.hdfs_page}/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo", timeout=30).json()["beans"]
    assert f'"infoAddr":"127.0.0.1:{lab.datanode_http_port}"' in beans[0]["LiveNodes"]


@pytest.mark.parametrize("port", ["namenode_http_port", "datanode_http_port", "spark_ui_port"])
def test_no_answer_may_be_read_by_another_origin(lab: Settings, http: requests.Session, port: str) -> None:
    page = f"http://127.0.0.1:{getattr(lab, port)}"
    rpc = f"namenoderpcaddress=127.0.0.1:{lab.namenode_port}"
    for path in ("/", "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo", f"/webhdfs/v1/?op=OPEN&{rpc}", "/logLevel"):
        for headers in ({}, {"Origin": page}, {"Origin": "http://evil.example"}):
            answer = http.get(page + path, headers=headers, allow_redirects=False, timeout=30)
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")], path
            assert answer.status_code == 403 or "evil" not in headers.get("Origin", "")
        assert http.get(page + path, headers={"Host": "evil.example"}, timeout=30).status_code == 421


def test_the_servers_own_cross_origin_headers_are_what_it_takes_away(lab: Settings, http: requests.Session) -> None:
    """Else the tests above would hold with any proxy."""
    assert http.get(f"{lab.webhdfs}/jmx", timeout=30).headers["Access-Control-Allow-Origin"] == "*"
    assert http.get(f"{lab.webhdfs}/logLevel?log=x", timeout=30).status_code == 200


def closed_after(lab: Settings, sent: bytes) -> bytes:
    """What a client gets that sends this and then waits for the door to end the connection."""
    with socket.create_connection(("127.0.0.1", lab.namenode_http_port), timeout=patience.HEAD_S + 15) as client:
        client.sendall(sent)
        said = b""
        while chunk := _read(client):
            said += chunk
        return said


def _read(client: socket.socket) -> bytes:
    try:
        return client.recv(4096)
    except ConnectionResetError:
        return b""


def test_a_request_half_sent_is_ended(lab: Settings) -> None:
    assert closed_after(lab, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ") == b""
    head = b"GET /robots.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    assert closed_after(lab, head + b"GET / HTTP/1.1\r\n").startswith(b"HTTP/1.1 200")  # the second one on a connection


def test_a_head_without_end_is_refused(lab: Settings) -> None:
    assert closed_after(lab, b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000).startswith(b"HTTP/1.1 400")


def test_a_taken_port_ends_it_with_a_reason(lab: Settings) -> None:
    """The running lab's own door has it. Without the marks: a lab would take this one for its own."""
    command = python_command(lab, DOOR)[:3]
    done = subprocess.run(command, env=python_environment(lab), capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert done.stderr.startswith("ERROR cannot listen: Address already in use")
