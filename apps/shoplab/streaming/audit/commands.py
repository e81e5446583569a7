"""`./lab verify`."""

import time
from collections.abc import Callable
from pathlib import Path

import click

from shoplab.core.settings import Settings

_LOOKS, _PAUSE_S = 3, 5.0  # more of them, beside a running stream


@click.command(short_help="Check that no event was lost or doubled.")
@click.option("--source", "files", multiple=True, type=click.Path(path_type=Path), help="A file that was replayed.")
@click.option("--map", "mapping", metavar="NAME|FILE.yaml", help="How the files' columns become the lab's.")
@click.option("--quick", is_flag=True, help="Compare accounts, offsets and files, without reading every event.")
@click.option("--repair", "mend", is_flag=True, help="Make again what is gone, from what Kafka still has.")
@click.pass_obj
def verify(settings: Settings, files: tuple[Path, ...], mapping: str | None, quick: bool, mend: bool) -> None:
    """Compares files (if given), what was written to Kafka, what the stream took, the events on HDFS, the users in its
    memory and the points in the metric store. Exit code 1 where they differ, with what is missing and where.

    Example: ./lab verify --source nov.csv
    """
    from shoplab.core.console import table
    from shoplab.streaming.audit.balance import balance

    if mend:
        _repair(settings)
    found = balance(settings)
    names = ("in_kafka", "batches", "new", "duplicates", "rejected", "dead", "late", "waiting", "lost", "on_hdfs")
    titles = [name.replace("_", " ").replace("kafka", "Kafka").replace("hdfs", "HDFS") for name in names]
    table(titles, [[getattr(found, name) for name in names]])

    def deep() -> list[str]:
        return [] if quick else _deep(settings)

    faults = _settled(settings, [*found.faults, *deep()], lambda: [*balance(settings).faults, *deep()])
    missing = _compare(settings, files, mapping) if files else 0
    for fault in faults:
        click.echo(fault)
    if found.lost:
        click.echo(f"Kafka deleted {found.lost:,} records before the stream took them")
    if found.waiting:
        click.echo(f"{found.waiting:,} records wait for ./lab stream")
    if missing or faults or found.lost or found.waiting:
        raise click.exceptions.Exit(1)
    click.echo("every event is accounted for")


def _settled(settings: Settings, faults: list[str], look: Callable[[], list[str]]) -> list[str]:
    """Of the faults of a first look, beside a running stream, only those that are there at every look: a batch's files
    come before its account, and its points after.
    """
    from shoplab.core.catalog import Catalog
    from shoplab.streaming.lease import stream_lease

    lease = stream_lease(Catalog(settings), settings)
    for _ in range(_LOOKS):
        if not faults or not lease.is_taken():
            break
        time.sleep(_PAUSE_S)
        again = look()
        faults = [fault for fault in faults if fault in again]
    return faults


def _deep(settings: Settings) -> list[str]:
    from shoplab.core.console import step
    from shoplab.metrics.store import open_store
    from shoplab.streaming.audit.deep import deep_faults

    with step("read the stored events, the stream's memory and its points"):
        return deep_faults(settings, open_store(settings))


def _repair(settings: Settings) -> None:
    from shoplab.core.spark import spark_session
    from shoplab.metrics.store import open_store
    from shoplab.streaming.audit.repair import repair

    with spark_session(settings, "repair") as spark:
        repair(settings, spark, open_store(settings), click.echo)


def _compare(settings: Settings, files: tuple[Path, ...], mapping: str | None) -> int:
    """Prints what became of each file. Returns how many of their events are not on HDFS."""
    from shoplab.core.frames import SparkCatalog
    from shoplab.core.spark import spark_session
    from shoplab.events.mapping import given
    from shoplab.events.sources import inspect
    from shoplab.streaming.audit.source import compare

    sources = [inspect(file, given(mapping)) for file in files]
    with spark_session(settings, "verify") as spark:
        compared = [compare(SparkCatalog(settings, spark), source) for source in sources]
    for one in compared:
        for line in one.lines():
            click.echo(line)
    return sum(one.missing for one in compared)
