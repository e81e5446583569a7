"""The jobs' commands on the Docker lab's cluster: the same command line, run by spark-submit in a container."""

import sys
from pathlib import Path
from typing import Any

import click

from shoplab.errors import LabError
from shoplab.settings import Settings

INPUT = "/input"


def submitted(settings: Settings, **options: Any) -> bool:
    """Runs the current command with these options in a container on the cluster, where the Docker lab is up.

    False where it is not: then the job runs here. A job that fails ends the program with its exit code.
    """
    if settings.lab != "docker":
        return False
    from shoplab.lab import docker

    context = click.get_current_context()
    arguments, mounts = command_line(context.command, options)
    code = docker.run_job(settings, [str(context.info_name), *arguments], mounts)
    if code:
        sys.exit(code)
    return True


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
