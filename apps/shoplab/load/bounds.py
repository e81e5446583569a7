"""Where a load test may go, and how large it may be. The command line and the Locust process both keep to it."""

import ipaddress
import re
from collections.abc import Iterable
from pathlib import Path

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings

MAX_USERS = 500
MAX_SECONDS = 600
MAX_REQUESTS = 1_000_000
MAX_RATE = 100_000  # requests a second, and events beside them
MAX_BYTES = 1 << 30  # what WebHDFS users write in one run
MAX_STREAMED = 3_000_000  # events sent to Kafka beside a run
MAX_PROCESSES = 16

SHOPPERS, WEBHDFS, KAFKA = TARGETS = ("shoppers", "webhdfs", "kafka")

# Names of the Docker lab's own network. Elsewhere a name such as "api" may be anyone's.
SERVICE_NAMES = frozenset({"api", "namenode", "door", "datanode", "kafka"})
IN_CONTAINER = Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()

# Strict on purpose: programs disagree about whose address "http://a\@b" is
_ADDRESS = re.compile(r"(?:https?://)?(?:\[([0-9A-Fa-f:]+)\]|([\w.-]+))(?::\d+)?(?:/[^\\@\s]*)?", re.ASCII)


def addresses(settings: Settings, target: str, api: str = "") -> list[str]:
    """What the users of a target send to."""
    if target == KAFKA:
        return [address.strip() for address in settings.kafka.split(",")]
    return [settings.webhdfs if target == WEBHDFS else api or settings.api_url]


def check_targets(settings: Settings, targets: Iterable[str], api: str = "") -> None:
    """LabError for the first address that is not the lab's."""
    for target in targets:
        for address in addresses(settings, target, api):
            check_address(address)


def check_address(address: str) -> None:
    """LabError where a URL or HOST:PORT is neither on this machine nor, in a container, a service of the lab."""
    found = _ADDRESS.fullmatch(address)
    if found is None or not is_lab_host(found[1] or found[2]):
        raise LabError(
            f"the load test sends to this machine's lab only, not to {address}; take the other address out of "
            "SHOPLAB_WEBHDFS_URL, SHOPLAB_KAFKA_BOOTSTRAP or --host"
        )


def check_brokers(address: str, hosts: Iterable[str]) -> None:
    """ServiceError where Kafka, though its address is the lab's, hands clients on to another machine."""
    for host in hosts:
        if not is_lab_host(host):
            raise ServiceError(f"Kafka at {address} is not the lab's: it hands on to {host}")


def is_lab_host(host: str, in_container: bool = IN_CONTAINER) -> bool:
    """Whether a host is loopback (127.0.0.0/8, ::1, localhost) or, in a container, a service of the lab's network."""
    if host.lower() == "localhost" or (in_container and host in SERVICE_NAMES):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def seconds(text: str) -> int:
    """A duration such as "30s", "2m", "1m30s" or "45". LabError where it is none, or over the bound."""
    found = re.fullmatch(r"(?:(\d{1,4})m)?(?:(\d{1,4})s?)?", text.strip())
    if not found or not text.strip():
        raise LabError(f"--time {text!r} is no duration; write it as 30s or 2m")
    number = 60 * int(found[1] or 0) + int(found[2] or 0)
    if not 1 <= number <= MAX_SECONDS:
        raise LabError(f"--time {text} is outside 1s to {MAX_SECONDS // 60}m")
    return number
