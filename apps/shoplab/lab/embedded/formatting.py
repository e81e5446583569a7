"""Prepares empty data directories, and never touches one that holds data."""

import datetime as dt
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from shoplab.core.errors import ServiceError
from shoplab.core.private import MASK
from shoplab.core.settings import Settings
from shoplab.lab.embedded import services
from shoplab.lab.embedded.services import DATANODE, KAFKA, KAFKA_CONF, NAMENODE, Service


@dataclass(frozen=True)
class Plan:
    """What to do before a start: services to format, paths in the way (no data), Kafka's identity to put back."""

    formats: tuple[Service, ...] = ()
    aside: tuple[Path, ...] = ()
    restores_kafka: bool = False


def plan(settings: Settings) -> Plan:
    """Looks at the data directories. ServiceError, nothing touched, where one that can't be started holds data."""
    namenode, datanode, kafka = (service.data(settings) for service in (NAMENODE, DATANODE, KAFKA))
    formats, aside = [], []
    if not _is_formatted_namenode(namenode):
        _refuse_blocks(datanode, f"the NameNode's own directory {namenode} is empty or damaged")
        formats.append(NAMENODE)
        aside += [folder for folder in (namenode, datanode) if _has_content(folder)]
    elif _has_content(datanode) and not _says(datanode / "current" / "VERSION", "clusterID"):
        _refuse_blocks(datanode, f"{datanode / 'current' / 'VERSION'} is missing or damaged")
        aside.append(datanode)
    properties, restores = kafka / "meta.properties", False
    if not _says(properties, "cluster.id"):
        restores = _can_restore_kafka(settings)
        formats += [] if restores else [KAFKA]
        aside += [properties] if properties.exists() else []
    return Plan(tuple(formats), tuple(aside), restores)


def _can_restore_kafka(settings: Settings) -> bool:
    """Whether there are messages and the kept identity; with a new one, Kafka takes its own messages for lost."""
    kafka = KAFKA.data(settings)
    if not any(kafka.glob("*/*.log")):
        return False
    if not _says(kept_properties(settings), "cluster.id"):
        raise ServiceError(
            f"{kafka / 'meta.properties'} is missing or damaged, but {kafka} holds data; nothing was touched. "
            "Put that file back, or start over with an empty lab: ./lab reset"
        )
    return True


def kept_properties(settings: Settings) -> Path:
    """Our copy of Kafka's meta.properties."""
    return services.data_dir(settings) / "kafka.meta.properties"


def _is_formatted_namenode(folder: Path) -> bool:
    images = (folder / "current").glob("fsimage_*")
    return _says(folder / "current" / "VERSION", "clusterID") and any(
        re.fullmatch(r"fsimage_\d+", image.name) and image.stat().st_size for image in images
    )


def _refuse_blocks(datanode: Path, why: str) -> None:
    if any(datanode.rglob("blk_*")):
        raise ServiceError(
            f"{why}, but {datanode} holds data; nothing was touched. Put the missing files back, or start over with "
            "an empty lab: ./lab reset"
        )


def _has_content(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _says(file: Path, key: str) -> bool:
    """Whether a properties file has a value for a key."""
    return (
        file.is_file()
        and re.search(rf"^{re.escape(key)}=\S", file.read_text(errors="replace"), re.MULTILINE) is not None
    )


def move_aside(settings: Settings, paths: tuple[Path, ...]) -> Path:
    """Moves half-made directories to data/broken-TIME, and tells where."""
    broken = services.data_dir(settings) / f"broken-{dt.datetime.now():%Y%m%dT%H%M%S}"
    broken.mkdir(parents=True)
    for path in paths:
        path.rename(broken / path.name)
    return broken


def format_service(settings: Settings, service: Service, java_home: Path, jar_paths: list[Path]) -> None:
    """Formats the NameNode's or Kafka's directory with the server's own tool. ServiceError with its reason."""
    main, arguments = _formatter()[service.name]
    done = subprocess.run(
        services.command(settings, java_home, service, main, *arguments),
        env=services.environment(settings, service, jar_paths),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", umask=MASK,
    )  # fmt: skip
    if done.returncode != 0:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        why = said[-1] if said else "no reason given"
        raise ServiceError(f"{service.title} could not be formatted: {why}; its log: {service.log(settings)}")


def restore_kafka(settings: Settings) -> None:
    shutil.copyfile(kept_properties(settings), KAFKA.data(settings) / "meta.properties")


def keep_kafka(settings: Settings) -> None:
    """Copies Kafka's identity, whole or not at all."""
    fresh = kept_properties(settings).with_suffix(".partial")
    shutil.copyfile(KAFKA.data(settings) / "meta.properties", fresh)
    fresh.rename(kept_properties(settings))


def _formatter() -> dict[str, tuple[str, list[str]]]:
    """The servers' own tools: main class and arguments."""
    cluster_id = "s" + secrets.token_urlsafe(16)[:21]  # Kafka's tool takes no id that starts with a dash
    return {
        NAMENODE.name: (NAMENODE.main, ["-format", "-nonInteractive"]),
        KAFKA.name: (
            "kafka.tools.StorageTool",
            ["format", "--cluster-id", cluster_id, "--config", str(KAFKA_CONF)],
        ),
    }
