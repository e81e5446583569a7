"""The ports in force, for later commands: load_settings reads this file."""

from collections.abc import Iterable

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings, load_settings, variable
from shoplab.lab.embedded import process, services


def record_ports(settings: Settings) -> None:
    lines = [f"{variable(name)}={getattr(settings, name)}\n" for name in services.ports()]
    settings.record.write_text("".join(lines))


def without_leftovers(settings: Settings) -> Settings:
    """Forgets the ports of a lab that was not taken down (a power cut, say): the next is on the usual ports."""
    if process.running(settings) or not settings.record.is_file():
        return settings
    settings.record.unlink()
    return load_settings()


def check_same_ports(settings: Settings, alive: Iterable[str]) -> None:
    """LabError where the lab already runs on other ports than those asked for."""
    if not alive or not settings.record.is_file():
        return
    recorded = dict(line.split("=", 1) for line in settings.record.read_text().splitlines())
    for name in services.ports():
        there = recorded.get(variable(name))
        if there not in (None, str(getattr(settings, name))):
            raise LabError(f"the lab already runs with {variable(name)}={there}; to change it, first: ./lab down")
