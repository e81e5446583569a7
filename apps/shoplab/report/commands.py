"""`./lab report`."""

import click

from shoplab.core.settings import Settings


@click.command(short_help="Write the HTML report.")
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
@click.pass_obj
def report(settings: Settings, show: bool) -> None:
    """Writes .lab/report/index.html: plots of behaviour, segments, recommendations and the stream.

    One page that needs nothing else, to send or to print. A part whose job has not run yet says which command runs it.

    Example: ./lab report --open
    """
    import webbrowser

    from shoplab.report.page import write_report

    path = write_report(settings)
    click.echo(path)
    if show:
        webbrowser.open(path.as_uri())
