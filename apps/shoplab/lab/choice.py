"""Which lab is meant: the only place that asks."""

import shutil

from shoplab.core.settings import Settings
from shoplab.lab.protocol import Lab


def lab_of(settings: Settings) -> Lab:
    """The lab that these settings are of: the one that runs, else the embedded one."""
    return docker_lab(settings) if settings.lab == "docker" else embedded_lab(settings)


def docker_lab(settings: Settings) -> Lab:
    from shoplab.lab.docker.lab import DockerLab

    return DockerLab(settings)


def embedded_lab(settings: Settings) -> Lab:
    from shoplab.lab.embedded.lab import EmbeddedLab

    return EmbeddedLab(settings)


def find_compose(settings: Settings) -> bool:
    """Whether a Docker lab runs here that plain `docker compose up` started; then its settings are recorded."""
    if settings.lab != "embedded" or settings.record.is_file() or shutil.which("docker") is None:
        return False
    from shoplab.lab.docker.record import find

    return find(settings)
