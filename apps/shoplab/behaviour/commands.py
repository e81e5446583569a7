"""`./lab analyse`."""

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
    for sentence in made.left_out:
        click.echo(f"left out: {sentence}")
