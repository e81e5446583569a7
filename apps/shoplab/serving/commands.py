"""`./lab serve`."""

import click

from shoplab.settings import Settings


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
    from shoplab.serving.server import bind, run_api

    listener = bind(host, settings.api_port)
    shown = "127.0.0.1" if host == "0.0.0.0" else host
    click.echo(f"live page: http://{shown}:{settings.api_port}/   stop with Ctrl+C")
    run_api(settings, listener)
