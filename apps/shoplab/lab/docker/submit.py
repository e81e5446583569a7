"""The jobs' commands on the Docker lab's cluster: the same command line, run by spark-submit in a container."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click

from shoplab.core.console import pass_on
from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import REPO, Settings
from shoplab.lab.docker import compose
from shoplab.streaming.audit.balance import waiting as records_waiting

INPUT = "/input"
DRAIN_S = 300  # without any progress


def submit(settings: Settings, context: click.Context, options: dict[str, Any]) -> bool:
    """Runs the command with these options in a container on the cluster; `stream` is a service there, which is started
    if need be and followed. A job that fails ends the program with its exit code.
    """
    if context.info_name == "stream":
        _follow_stream(settings, drain=bool(options["drain"]))
        return True
    arguments, mounts = command_line(context.command, options)
    code = _run_job(settings, [str(context.info_name), *arguments], mounts)
    if code:
        sys.exit(code)
    return True


def _run_job(settings: Settings, arguments: list[str], mounts: dict[str, str]) -> int:
    """mounts: file here -> there. Returns the exit code."""
    volumes = [option for here, there in mounts.items() for option in ("--volume", f"{here}:{there}:ro")]
    terminal = [] if os.isatty(0) and os.isatty(1) else ["-T"]
    call = compose.command(settings, "--progress", "quiet", "run", "--rm", "--no-deps", *terminal, *volumes, "jobs")
    return subprocess.run([*call, *arguments], env=compose.variables(settings), cwd=REPO, check=False).returncode


def command_line(command: click.Command, options: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """A command's words with these values, and the files to mount: path here -> path in the container."""
    mounts: dict[str, str] = {}
    words: list[str] = []
    for parameter in command.params:
        value = options.get(str(parameter.name))
        if value in (None, False, ()):
            continue
        name = [] if isinstance(parameter, click.Argument) else [parameter.opts[0]]
        values = [] if value is True else value if isinstance(value, tuple) else [value]
        words += [*name, *(_there(one, mounts) for one in values)]
    return words, mounts


def _there(value: Any, mounts: dict[str, str]) -> str:
    """A value as the container sees it: files lie below /input, under their own names."""
    if hasattr(value, "isoformat"):
        return f"{value:%Y-%m-%d}"
    path = Path(str(value)).expanduser()
    if not isinstance(value, Path) and not (path.suffix and path.is_file()):
        return str(value)
    path = path.resolve()
    if path.is_file() and not path.stat().st_mode & 0o004:
        raise LabError(f"the lab's containers run as another user and can't read {path}; type: chmod o+r '{path}'")
    there = mounts.get(str(path)) or f"{INPUT}/{len(mounts)}/{path.name}"
    if path.is_file():
        mounts[str(path)] = there
    return there if path.is_file() else str(value)


def _follow_stream(settings: Settings, drain: bool) -> None:
    """Shows its batches as they come; with `drain` waits until every event in Kafka is accounted for."""
    compose.call(settings, "up", "--detach", "--no-deps", "--no-build", "stream")
    if drain:
        _await_drained(settings)
        return
    command = compose.command(settings, "logs", "--follow", "--no-log-prefix", "--tail", "5", "stream")
    pass_on(command, compose.variables(settings))


def _await_drained(settings: Settings) -> None:
    deadline, waiting = time.monotonic() + DRAIN_S, records_waiting(settings)
    while waiting:
        if time.monotonic() > deadline:
            raise ServiceError(f"{waiting:,} events still wait after {DRAIN_S} s; ./lab logs stream tells why")
        time.sleep(1)
        left = records_waiting(settings)
        if left != waiting:
            deadline, waiting = time.monotonic() + DRAIN_S, left
    click.echo("every event in Kafka has been processed")
