"""`./lab serve`: the API as a process of the lab, with the watch over the lab's servers beside it.

`python -m shoplab.lab.api` is the same in the background; its arguments only mark it as the lab's.
"""

import socket

import click
from fastapi import FastAPI

from shoplab.core.catalog import Catalog
from shoplab.core.settings import Settings, load_settings
from shoplab.metrics.store import MetricStore, open_store
from shoplab.monitor.watch import Watch
from shoplab.serving import server
from shoplab.serving.api import create_app
from shoplab.serving.backstage import Backstage
from shoplab.serving.headers import KnownHost
from shoplab.serving.requests import RequestTally
from shoplab.serving.server import ApiHandle, bind


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address; 0.0.0.0 opens it to the network.")
@click.pass_obj
def serve(settings: Settings, host: str) -> None:
    """Serve recommendations over HTTP, with a live page.

    Port: SHOPLAB_API_PORT, 8000 by default. It starts without a model too and takes one up when it is there.

    \b
    Example:
      ./lab serve
      curl http://127.0.0.1:8000/users/sample?n=3
    """
    listener = bind(host, settings.api_port)
    shown = "127.0.0.1" if host == "0.0.0.0" else host
    click.echo(f"live page: http://{shown}:{settings.api_port}/   stop with Ctrl+C")
    _run(settings, listener)


def watched_app(settings: Settings, backstage: Backstage | None = None, store: MetricStore | None = None) -> FastAPI:
    """The service on the lab's HDFS and metric store, with the watch; tests may give their own. It answers to this
    machine's names only.
    """
    store = store or open_store(settings)
    tally = RequestTally()
    watch = Watch(settings, store, tally.points)
    app = create_app(backstage or Backstage(Catalog(settings)), store, tally, beside=[watch])
    app.add_middleware(KnownHost, names=settings.host_names)
    return app


def start_api(settings: Settings) -> ApiHandle:
    """In a thread of this process, on 127.0.0.1; returns when it answers. ServiceError where that fails."""
    return server.start(watched_app(settings), settings.api_port)


def _run(settings: Settings, listener: socket.socket) -> None:
    server.run(watched_app(settings), listener)


if __name__ == "__main__":
    own = load_settings()
    _run(own, bind("127.0.0.1", own.api_port))
