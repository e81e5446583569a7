"""`./lab demo`."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings
from shoplab.lab.choice import lab_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from shoplab.demo.story import Files


@click.command(short_help="The whole story: up, ingest, analyse, segment, train, stream, report.")
@click.option("--events", type=click.IntRange(min=1000), default=200_000, show_default=True,
              help="October events to generate; November gets a quarter of that.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=42, show_default=True, help="Seed of the generator.")
@click.option("--input", "october", type=click.Path(path_type=Path), help="A real file for the models.")
@click.option("--then", "november", type=click.Path(path_type=Path), help="A real file for the stream (with --input).")
@click.option("--keep", is_flag=True, help="Leave the lab and the API running at the end.")
@click.pass_obj
def demo(settings: Settings, events: int, seed: int, october: Path | None, november: Path | None, keep: bool) -> None:
    """Turns a month of shop events into models, and the next month into live recommendations.

    All of it on real HDFS, Kafka and Spark, in a few minutes. Nothing is left running, unless you --keep it.

    \b
    Examples: ./lab demo
              ./lab demo --input 2019-Oct.csv.gz --then 2019-Nov.csv.gz --keep
    """
    if (october is None) != (november is None):
        raise click.UsageError("--input and --then go together: a file for the models and one for the stream")
    if lab_of(settings).name == "docker":
        raise LabError("the Docker lab is up, and the demo brings servers of its own; first: ./lab down (data stays)")
    from shoplab.demo.story import Files, check, generated

    if october and november:
        files = Files(october, november)
        check(files)
        _run(settings, lambda: files, keep)
    else:
        _run(settings, lambda: generated(settings, events, seed), keep)


def _run(settings: Settings, files: "Callable[[], Files]", keep: bool) -> None:
    from shoplab.core.console import out, step
    from shoplab.demo.story import tell
    from shoplab.demo.summary import print_summary
    from shoplab.lab.embedded.lab import EmbeddedLab, running_lab

    started = time.monotonic()
    with ExitStack() as stack:
        with step("start the NameNode, the data node and Kafka") as say:
            stack.enter_context(running_lab(settings, say, keep))
        story = tell(settings, files())
        print_summary(story, time.monotonic() - started, keep)
        if keep:
            EmbeddedLab(settings).start_api()
            out.print(
                f"still running: HDFS {settings.hdfs_page}  API and live page {settings.api_url}"
                f"  Kafka {settings.kafka}; while a job runs, Spark's page is at"
                f" http://127.0.0.1:{settings.spark_ui_port}; end: ./lab down"
            )
