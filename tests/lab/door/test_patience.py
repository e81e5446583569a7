"""A client that stops half-way does not keep its connection; one that is only slow does. With seconds for minutes."""

import socket
import time
from collections.abc import Iterator
from threading import Thread

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from shoplab.core.listen import listen
from shoplab.lab.door import patience
from shoplab.lab.door.patience import Impatient

LARGE = 100_000_000


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads all it is sent, then sends its size, or to a GET much more than a socket's buffers hold."""
    request = Request(scope, receive)
    if request.method == "GET":
        parts = (b"x" * 1_000_000 for _ in range(LARGE // 1_000_000))
        await StreamingResponse(parts)(scope, receive, send)
    else:
        await Response(str(len(await request.body())))(scope, receive, send)


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(patience, "STALLED_S", 2.0)
    monkeypatch.setattr(patience, "_TICK_S", 0.1)
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(app, http=Impatient, ws="none", lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield int(listener.getsockname()[1])
    server.should_exit = True
    thread.join()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def received(client: socket.socket) -> int:
    """Bytes until the other side ends the connection."""
    size = 0
    try:
        while part := client.recv(1 << 20):
            size += len(part)
    except ConnectionResetError:
        pass
    return size


def test_a_body_half_sent_is_ended(port: int) -> None:
    with connect(port) as client:
        client.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
        assert received(client) == 0


def test_an_answer_that_nobody_reads_is_ended(port: int) -> None:
    with connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(4)  # what is tried is what happens when nothing does
        assert received(client) < LARGE


def test_a_slow_client_is_waited_for(port: int) -> None:
    with connect(port) as client:
        client.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n")
        for byte in b"slowly":
            time.sleep(0.7)
            client.sendall(bytes([byte]))
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
