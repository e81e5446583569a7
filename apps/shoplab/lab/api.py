"""`./lab serve`: the API as processes of the lab, with the watch over the lab's servers beside it.

`python -m shoplab.lab.api` is the same in the background; its arguments only mark it as the lab's.
"""

import socket
from pathlib import Path

import click
from starlette.types import ASGIApp

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.settings import Settings, load_settings
from shoplab.metrics.store import MetricStore, open_store
from shoplab.monitor.watch import Watch
from shoplab.serving import prometheus, server
from shoplab.serving.api import Background, Doors, create_app
from shoplab.serving.backstage import Backstage
from shoplab.serving.follow import Follower
from shoplab.serving.intake import Intake
from shoplab.serving.keeper import Keeper
from shoplab.serving.requests import RequestTally
from shoplab.serving.restore import restore
from shoplab.serving.server import ApiHandle, bind
from shoplab.serving.workers import Workers


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address; 0.0.0.0 opens it to the network, with SHOPLAB_API_TOKEN.",
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 32), help="Processes that answer.")
@click.pass_obj
def serve(settings: Settings, host: str, workers: int) -> None:
    """Serve recommendations over HTTP, with a live page.

    Port: SHOPLAB_API_PORT, 8000 by default. It starts without a model too and takes one up when it is there.

    \b
    Example:
      ./lab serve --workers 2
      curl http://127.0.0.1:8000/users/sample?n=3
    """
    if host not in ("127.0.0.1", "localhost") and not settings.api_token and settings.lab != "cluster":
        raise LabError(
            f"--host {host} opens the API to the network: set SHOPLAB_API_TOKEN first, which it then asks for"
        )
    listener = bind(host, settings.api_port)
    shown = "127.0.0.1" if host == "0.0.0.0" else host
    click.echo(f"live page: http://{shown}:{settings.api_port}/   stop with Ctrl+C")
    run(settings, listener, workers)


def folder_of(settings: Settings) -> Path:
    """Where the API on this port has its bundles."""
    return settings.home / "serving" / str(settings.api_port)


def served_app(
    settings: Settings, worker: int = 1, keeper: Keeper | None = None, store: MetricStore | None = None
) -> ASGIApp:
    """One worker's service, on the lab's HDFS, Kafka and metric store; the first also watches the lab. keeper: run
    beside it, where no other process does. It answers to this machine's names only.
    """
    store, tally, catalog = store or open_store(settings), RequestTally(worker), Catalog(settings)
    follower = Follower(settings, lambda memory: restore(Catalog(settings), memory), worker)
    backstage = Backstage(catalog, folder_of(settings), follower)
    watch = Watch(settings, store, tally.points, looks=worker == 1)
    beside: list[Background] = [watch, keeper] if keeper else [watch]
    doors = Doors(settings.host_names, settings.api_token)
    return create_app(backstage, store, Intake(settings, backstage.product), tally, beside, doors)


def start_api(settings: Settings) -> ApiHandle:
    """In a thread of this process, on 127.0.0.1; returns when it answers. ServiceError where that fails."""
    keeper = Keeper(Catalog(settings), folder_of(settings))
    return server.start(served_app(settings, keeper=keeper), settings.api_port)


def run(settings: Settings, listener: socket.socket, workers: int = 1) -> None:
    """Serves on the socket until it is told to end."""
    prometheus.share(folder_of(settings) / "prometheus")
    keeper = Keeper(Catalog(settings), folder_of(settings))
    Workers(workers, lambda number: server.run(served_app(settings, number), listener), keeper.run).run()


if __name__ == "__main__":
    own = load_settings()
    run(own, bind("127.0.0.1", own.api_port))
