"""`./lab bench stream`, `api`, `scale` and `batch`."""

import signal
from pathlib import Path

import click

from shoplab.core.bench import json_option, write_figures
from shoplab.core.settings import Settings


@click.command("stream")
@click.option("--quick", is_flag=True, help="Fewer batches and a backlog of 1 M events instead of 20 M.")
@click.option("--runs", default=1, show_default=True, type=click.IntRange(min=1), help="Labs, one after the other.")
@click.option("--soak", metavar="MINUTES", type=click.FloatRange(1, 1_440), help="5,000 events a second for so long.")
@json_option
@click.pass_obj
def bench_stream(settings: Settings, quick: bool, runs: int, soak: float | None, json_file: Path | None) -> None:
    """Measures the stream with every step on, in an embedded lab of its own: events a second, batches of 10,000 events
    before and after a backlog, the way of an event to a metric point, the start after kill -9, and memory. With --soak
    instead whether batches, memory or files grow with time.

    Example: ./lab bench stream --quick --json stream.json
    """
    from shoplab.core.console import step, table
    from shoplab.load.soak import soak as measure_soak
    from shoplab.load.stream import FULL, QUICK, measure

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what it started is to be stopped
    found = []
    for run in range(runs):
        with step(f"run {run + 1} of {runs}") as say:
            done = measure_soak(settings, soak, say) if soak else measure(settings, QUICK if quick else FULL, say)
            found.append(done.as_json())
    rows = [[name, *[one[name] for one in found]] for name in found[0]]
    table(["", *[f"run {run + 1}" for run in range(runs)]], rows)
    write_figures(json_file, found)


@click.command("api")
@click.option("--quick", is_flag=True, help="A smaller model, and less of each load.")
@click.option("--runs", default=1, show_default=True, type=click.IntRange(min=1), help="Labs, one after the other.")
@json_option
@click.pass_obj
def bench_api(settings: Settings, quick: bool, runs: int, json_file: Path | None) -> None:
    """Measures the API in an embedded lab of its own, with a model of 100,000 products and 1 M users: requests a
    second and how long they take, how soon a click changes a list, a switch of models, and memory.

    Example: ./lab bench api --quick --json api.json
    """
    from shoplab.core.console import step, table
    from shoplab.load.api import FULL, LATE_MS, QUICK, measure, medians

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what it started is to be stopped
    found = []
    for run in range(runs):
        with step(f"run {run + 1} of {runs}") as say:
            found.append(measure(settings, QUICK if quick else FULL, say).as_json())
    middle = medians(found)
    table(["", "median", *[f"run {run + 1}" for run in range(runs)]],
          [[name, middle[name], *[one[name] for one in found]] for name in middle])  # fmt: skip
    write_figures(json_file, {"median": middle, "runs": found} if runs > 1 else middle)
    if middle["late_p99_ms"] > LATE_MS:
        click.echo(f"the generator was {middle['late_p99_ms']} ms late: it was the limit, not the API", err=True)
        raise click.exceptions.Exit(1)


@click.command("scale")
@click.option("--quick", is_flag=True, help="Times 1, 3 and 10 of 20,000 events, instead of 1, 10 and 40 of 50,000.")
@json_option
@click.pass_obj
def bench_scale(settings: Settings, quick: bool, json_file: Path | None) -> None:
    """Measures how time and memory grow with the shop: events, users and products together, each size in an embedded
    lab of its own. The exponents are slopes of logarithms: 1 is as much more as there is more data, 0 is no more.

    Example: ./lab bench scale --quick --json scale.json
    """
    from shoplab.core.console import step, table
    from shoplab.load.scale import FULL, QUICK, measure

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what it started is to be stopped
    with step("scale") as say:
        jobs = measure(settings, QUICK if quick else FULL, say)
    rows = [[job.job, row.factor, row.events, row.users, row.products, row.seconds, row.peak_mib]
            for job in jobs for row in job.rows]  # fmt: skip
    table(("job", "times", "events", "users", "products", "seconds", "peak MiB"), rows)
    exponents = [[job.job, job.time_exponent, job.last_time_exponent, job.memory_exponent] for job in jobs]
    table(("job", "time exponent", "of the last two", "memory exponent"), exponents, title="\nexponents")
    write_figures(json_file, {job.job: job.as_json() for job in jobs})


@click.command("batch")
@click.option("--events", default=1_000_000, show_default=True, type=click.IntRange(1_000), help="Events of October.")
@click.option("--compare", "earlier", type=click.Path(path_type=Path), help="Names the steps slower than in this file.")
@json_option
@click.pass_obj
def bench_batch(settings: Settings, events: int, earlier: Path | None, json_file: Path | None) -> None:
    """Measures ingest, analyse, segment and train in an embedded lab of its own, and beside them the same tables and
    fits by one process of DuckDB, scikit-learn and implicit. Exit code 1 where a table differs, or a step has become
    slower.

    Example: ./lab bench batch --events 1000000 --json batch.json
    """
    from shoplab.core.console import step, table
    from shoplab.load.batch.bench import compared, earlier_figures, measure

    before = earlier_figures(earlier, events) if earlier else {}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what it started is to be stopped
    with step("batch") as say:
        figures = measure(settings, events, say)
    rows = [[name, one.seconds, one.reference_s, one.ratio, one.cpu_s, one.jvm_mib, one.python_mib, one.spark.jobs,
             one.spark.stages, one.spark.tasks] for name, one in figures.steps.items()]  # fmt: skip
    table(("step", "seconds", "reference", "ratio", "CPU s", "JVM MiB", "Python MiB", "jobs", "stages", "tasks"), rows)
    write_figures(json_file, figures.as_json())
    problems = [*figures.different, *compared(figures, before)]
    for problem in problems:
        click.echo(f"lab: {problem}", err=True)
    if problems:
        raise click.exceptions.Exit(1)
