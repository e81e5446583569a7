"""`./lab analyse` and `./lab report`."""

import click

from shoplab.settings import Settings


@click.command(short_help="Make sessions, users and behaviour tables from the events.")
@click.pass_obj
def analyse(settings: Settings) -> None:
    """Makes products, sessions, users by month, and the report's tables from all clean events.

    Example: ./lab analyse
    """
    from shoplab.behaviour.job import analyse as run
    from shoplab.behaviour.metrics import behaviour_points
    from shoplab.catalog import Catalog
    from shoplab.console import step
    from shoplab.lab.submit import submitted
    from shoplab.metrics.jobs import write_job_points
    from shoplab.spark import spark_session

    Catalog(settings).need("events")
    if submitted(settings):
        return
    with spark_session(settings, "analyse") as spark, step("analyse") as say:
        catalog = Catalog(settings, spark)
        made = run(catalog, say)
        say("metrics")
        write_job_points(settings, "analyse", lambda: behaviour_points(catalog))
    click.echo(made.line())


@click.command(short_help="Write the HTML report.")
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
@click.pass_obj
def report(settings: Settings, show: bool) -> None:
    """Writes .lab/report/index.html: plots of behaviour, segments, recommendations and the stream.

    Example: ./lab report --open
    """
    import webbrowser

    from shoplab.behaviour.report import write_report

    path = write_report(settings)
    click.echo(path)
    if show:
        webbrowser.open(path.as_uri())
