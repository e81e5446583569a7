"""The API on a port: in the foreground for `./lab serve`, in a thread for the demo."""

import socket
from dataclasses import dataclass
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from shoplab.core.errors import ServiceError
from shoplab.core.listen import listen
from shoplab.core.wait import wait_until
from shoplab.serving.connections import GuardedProtocol, room

START_S = 30.0
_NOT_STARTED = "the API did not start; run ./lab serve to see why"


@dataclass(frozen=True)
class ApiHandle:
    """A running API. `stop` returns when it has ended."""

    url: str
    _server: uvicorn.Server
    _thread: Thread

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


def start(app: ASGIApp, port: int) -> ApiHandle:
    """Starts the API in a thread of this process, on 127.0.0.1, and returns when it answers.

    ServiceError where the port is taken or the start fails.
    """
    listener = bind("127.0.0.1", port)
    server = _server(app)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="api", daemon=True)
    thread.start()
    handle = ApiHandle(f"http://127.0.0.1:{listener.getsockname()[1]}", server, thread)
    try:
        wait_until(lambda: server.started or not thread.is_alive(), START_S, _NOT_STARTED, every=0.02)
        if not server.started:
            raise ServiceError(_NOT_STARTED)
    except ServiceError:
        handle.stop()
        raise
    return handle


def run(app: ASGIApp, listener: socket.socket) -> None:
    """Serves on the socket until interrupted."""
    _server(app).run(sockets=[listener])


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. ServiceError where the port is taken."""
    try:
        return listen(host, port)
    except OSError as error:
        hint = f"choose another port: SHOPLAB_API_PORT={port % 65535 + 1} ./lab serve"
        raise ServiceError(f"cannot listen on {host}:{port} ({error.strerror}); {hint}") from None


def _server(app: ASGIApp) -> uvicorn.Server:
    GuardedProtocol.most = room()
    config = uvicorn.Config(
        app, http=GuardedProtocol, loop="uvloop", log_level="warning", access_log=False, server_header=False,
        date_header=False, proxy_headers=False, timeout_graceful_shutdown=5, timeout_keep_alive=30,
    )  # fmt: skip
    return uvicorn.Server(config)
