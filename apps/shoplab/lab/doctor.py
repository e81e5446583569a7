"""Checks the machine and the lab; each finding says what to do."""

import platform
import sys
from collections.abc import Iterator

from shoplab.core.settings import Settings
from shoplab.lab.choice import lab_of
from shoplab.lab.docker import doctor as docker
from shoplab.lab.embedded import doctor as embedded
from shoplab.lab.finding import Finding


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, the machine's first."""
    version = (3, 11) <= sys.version_info < (3, 14)
    yield Finding("Python", platform.python_version(), "" if version else "use 3.11 to 3.13")
    in_docker = lab_of(settings).name == "docker"
    yield from docker.machine(settings, needed=in_docker)
    if in_docker:
        yield from docker.lab(settings)
        return
    yield from embedded.findings(settings)
    yield from docker.ports(settings)
