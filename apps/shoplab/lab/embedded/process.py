"""Detached processes of the lab.

A process is known by marks in its command line, not by a pid file: a stale pid, or one used again, can't mislead.
"""

import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress

import psutil

from shoplab.core.private import MASK
from shoplab.core.settings import Settings
from shoplab.lab.embedded.services import EVERY, Service, marks

GRACE = 15  # seconds between asking a process to stop and killing it


def running(settings: Settings) -> dict[str, psutil.Process]:
    """The lab's living processes by service name."""
    home = marks(settings)[0]
    found: dict[str, psutil.Process] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            arguments = process.cmdline()
            if home in arguments:
                names = [service.name for service in EVERY if marks(settings, service.name)[1] in arguments]
                found |= dict.fromkeys(names, process)
    return {service.name: found[service.name] for service in EVERY if service.name in found}


def is_alive(process: psutil.Process) -> bool:
    """False for a process that has ended, reaped or not."""
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def start(settings: Settings, service: Service, command: list[str], environment: dict[str, str]) -> psutil.Process:
    """Starts a service in a session of its own: it outlives us, and Ctrl-C does not reach it."""
    said = service.printed(settings)
    with said.open("wb") as out:
        said.chmod(0o600)
        child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                 start_new_session=True, cwd=settings.home, umask=MASK)  # fmt: skip
    process = psutil.Process(child.pid)
    child.returncode = 0  # it is meant to run on: no warning from Python when `child` goes
    return process


def stop(processes: Iterable[psutil.Process], grace: float = GRACE) -> None:
    """Asks processes to end, waits, then kills."""
    alive = list(processes)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(alive, timeout=grace)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=grace)
