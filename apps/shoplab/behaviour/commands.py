"""`./lab analyse`."""

import click

from shoplab.core.settings import Settings


@click.command(short_help="Make sessions, users and behaviour tables from the events.")
@click.pass_obj
def analyse(settings: Settings) -> None:
    """Makes products, sessions, users by month, and the report's tables from all clean events.

    Example: ./lab analyse
    """
    from shoplab.behaviour.job import analyse as run
    from shoplab.behaviour.points import behaviour_points
    from shoplab.core.catalog import Catalog
    from shoplab.core.console import step
    from shoplab.core.frames import SparkCatalog
    from shoplab.core.jobs import submitted
    from shoplab.core.spark import spark_session
    from shoplab.metrics.jobs import write_job_points

    Catalog(settings).need("events")
    if submitted():
        return
    with spark_session(settings, "analyse") as spark, step("analyse") as say:
        catalog = SparkCatalog(settings, spark)
        made = run(catalog, say)
        say("metrics")
        write_job_points(settings, "analyse", lambda: behaviour_points(catalog))
    click.echo(made.line())
    for sentence in made.left_out:
        click.echo(f"left out: {sentence}")
