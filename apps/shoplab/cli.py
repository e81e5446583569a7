"""The command line: one command a job, one line an error."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from shoplab import __version__
from shoplab.core import jobs
from shoplab.core.console import one_line, plain_output
from shoplab.core.errors import LabError, ServiceError
from shoplab.core.private import keep_private
from shoplab.core.settings import Settings, load_settings

# Command -> module that holds it (or module:function), in the order of the help page. Modules are imported when their
# command is asked for.
COMMANDS = {
    "demo": "shoplab.demo.commands",
    "test": "shoplab.checks",
    "up": "shoplab.lab.commands",
    "down": "shoplab.lab.commands",
    "status": "shoplab.lab.commands",
    "logs": "shoplab.lab.commands",
    "doctor": "shoplab.lab.commands",
    "reset": "shoplab.lab.commands",
    "bundle": "shoplab.lab.commands",
    "generate": "shoplab.events.commands",
    "ingest": "shoplab.events.commands",
    "map": "shoplab.events.commands:write_map",
    "rejected": "shoplab.events.commands",
    "analyse": "shoplab.behaviour.commands",
    "segment": "shoplab.segments.commands",
    "train": "shoplab.recommend.commands",
    "evaluate": "shoplab.recommend.evaluate.commands",
    "rollback": "shoplab.rollback",
    "report": "shoplab.report.commands",
    "replay": "shoplab.streaming.commands",
    "stream": "shoplab.streaming.commands",
    "verify": "shoplab.streaming.audit.commands",
    "dead-letters": "shoplab.streaming.dead.commands:dead_letters",
    "serve": "shoplab.lab.api",
    "load": "shoplab.load.commands",
    "chaos": "shoplab.load.chaos.commands",
    "bench": "shoplab.cli",
}
BENCHES = {
    "startup": "shoplab.lab.commands:bench_startup",
    "segments": "shoplab.segments.commands:bench_segments",
    "recommender": "shoplab.recommend.commands:bench_recommender",
    "stream": "shoplab.load.bench_commands:bench_stream",
    "api": "shoplab.load.bench_commands:bench_api",
    "scale": "shoplab.load.bench_commands:bench_scale",
    "batch": "shoplab.load.bench_commands:bench_batch",
}


# What Linux, Mac and HDFS say when there is no room
_DISK_FULL = ("No space left on device", "could only be written to 0 of the 1 minReplication nodes")
_IN_SAFE_MODE = "SafeModeException"


# Commands that the embedded lab's kept Spark driver runs
KEPT = {"ingest", "analyse", "segment", "train"}

# Commands that look for a Docker lab which `docker compose up` started
_OF_A_RUNNING_LAB = {
    "down", "status", "logs", "doctor", "ingest", "rejected", "analyse", "segment", "train", "rollback", "report",
    "replay", "stream", "verify", "dead-letters", "load",
}  # fmt: skip


class _Lazy(click.Group):
    """A group whose commands are imported one by one. places: command -> module, or module:function."""

    def __init__(self, *arguments: Any, places: dict[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._places = places

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self._places)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self._places:
            return None
        module, _, function = self._places[name].partition(":")
        command: click.Command = getattr(import_module(module), function or name)
        return command


@click.group(
    cls=_Lazy, places=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)  # fmt: skip
@click.version_option(__version__, prog_name="shoplab")
@click.pass_context
def cli(context: click.Context) -> None:
    """A laptop lab for big data on e-commerce events: real HDFS, Kafka and Spark, and the apps on them.

    New here? ./lab demo tells the whole story in a few minutes.
    """
    context.obj = load_settings()
    if context.invoked_subcommand in _OF_A_RUNNING_LAB:
        context.obj = _settings_of_the_running_lab(context.obj)
    jobs.offer(context, lambda command, options: _submit(context.obj, command, options))


@click.group(cls=_Lazy, places=BENCHES)
def bench() -> None:
    """Measure the lab on this machine.

    Example: ./lab bench startup
    """


def _settings_of_the_running_lab(settings: Settings) -> Settings:
    from shoplab.lab.choice import find_compose

    return load_settings() if find_compose(settings) else settings


def _submit(settings: Settings, context: click.Context, options: dict[str, Any]) -> bool:
    from shoplab.lab.choice import lab_of

    return lab_of(settings).submit(context, options)


def main() -> None:
    """Runs the command line. Exit codes: 0 done, 1 a fault of ours, 2 bad input, 3 a service is missing, 130
    interrupted.
    """
    keep_private()
    sys.exit(_told(_run_anywhere, sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """A command line in this process. Returns its exit code, after its error was told in one line."""
    return _told(_run_here, words)


def _run_here(words: Sequence[str]) -> object:
    return cli.main(list(words), prog_name="./lab", standalone_mode=False)


def _run_anywhere(words: Sequence[str]) -> object:
    """In the Spark driver that is kept, where there is one for it."""
    if words[:1] and words[0] in KEPT:
        from shoplab.lab.embedded.driver import run_kept

        code = run_kept(load_settings(), words)
        if code is not None:
            return code
    return _run_here(words)


def _told(run: Callable[[Sequence[str]], object], words: Sequence[str]) -> int:
    with plain_output():
        try:
            code = run(words)
            return code if isinstance(code, int) else 0
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except LabError as error:
            click.echo(f"lab: {one_line(str(error))}", err=True)
            return error.exit_code
        except (click.Abort, KeyboardInterrupt):
            click.echo("lab: interrupted", err=True)
            return 130
        except SystemExit as error:
            return error.code if isinstance(error.code, int) else 0
        except Exception as error:
            if _is_of_ctrl_c(error):
                click.echo("lab: interrupted", err=True)
                return 130
            click.echo(f"lab: {_unexpected(error)}", err=True)
            return ServiceError.exit_code if _IN_SAFE_MODE in str(error) else 1


def _is_of_ctrl_c(error: BaseException | None) -> bool:
    """Whether it came up while the command was ending for Ctrl-C: Spark's jobs fail then where one waits for them."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _unexpected(error: Exception) -> str:
    """One line for an error nobody foresaw; the traceback goes to a file."""
    log = Path(os.environ.get("SHOPLAB_HOME", Settings.home)) / "logs" / "error.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    lines = str(error).strip().splitlines() or [""]
    if _IN_SAFE_MODE in str(error):
        from shoplab.core.storage import SAFE_MODE

        return f"{SAFE_MODE}; details: {log}"
    if any(sign in str(error) for sign in _DISK_FULL):
        return f"the disk is full; make room at {log.parents[1]}, then run the same command again; details: {log}"
    # Of Java's causes the last is the first
    causes = [line.strip() for line in lines if line.strip().startswith("Caused by: ")]
    return f"{type(error).__name__}: {(causes or lines[:1])[-1][:300]}; details: {log}"
