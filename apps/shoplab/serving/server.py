"""The API on a port: in the foreground for `./lab serve`, in a thread for the demo."""

import socket
import time
from dataclasses import dataclass
from threading import Thread

import uvicorn
from fastapi import FastAPI

from shoplab.errors import ServiceError
from shoplab.serving.api import create_app
from shoplab.settings import Settings

START_S = 30.0


@dataclass(frozen=True)
class ApiHandle:
    """A running API. `stop` returns when it has ended."""

    url: str
    _server: uvicorn.Server
    _thread: Thread

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


def start_api(settings: Settings, app: FastAPI | None = None) -> ApiHandle:
    """Starts the API in a thread of this process, on 127.0.0.1, and returns when it answers.

    ServiceError where the port is taken or the start fails.
    """
    listener = bind("127.0.0.1", settings.api_port)
    server = _server(app or create_app(settings))
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="api", daemon=True)
    thread.start()
    handle = ApiHandle(f"http://127.0.0.1:{listener.getsockname()[1]}", server, thread)
    deadline = time.monotonic() + START_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            handle.stop()
            raise ServiceError("the API did not start; run ./lab serve to see why")
        time.sleep(0.02)
    return handle


def run_api(settings: Settings, listener: socket.socket) -> None:
    """Serves on the socket until interrupted."""
    _server(create_app(settings)).run(sockets=[listener])


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. ServiceError where the port is taken."""
    # Named as TCP, asyncio switches Nagle's algorithm off; without, every answer on a kept connection waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        hint = f"choose another port: SHOPLAB_API_PORT={port % 65535 + 1} ./lab serve"
        raise ServiceError(f"cannot listen on {host}:{port} ({error.strerror}); {hint}") from None
    return listener


def _server(app: FastAPI) -> uvicorn.Server:
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=5
    )
    return uvicorn.Server(config)
