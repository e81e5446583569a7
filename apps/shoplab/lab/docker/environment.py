"""The .env file beside docker-compose.yml: secrets, ports, memory. Read with care: people edit it."""

import os
import re
from functools import cache

from shoplab.core.errors import LabError
from shoplab.core.settings import REPO, Settings, env_file

SECRETS = (
    "INFLUX_ADMIN_PASSWORD", "INFLUX_ADMIN_TOKEN", "INFLUX_WRITE_TOKEN", "INFLUX_READ_TOKEN",
    "GRAFANA_ADMIN_PASSWORD", "JUPYTER_TOKEN", "SPARK_SECRET",
)  # fmt: skip
HEAD = "# Made by ./lab up, read by docker compose. Holds secrets: don't pass it on. See docs/docker.md."

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
# Key -> what its value must look like, and an example
_SHAPES = (
    (re.compile(r".*_(PASSWORD|TOKEN|SECRET)"), re.compile(r"[\w./+=~-]{8,128}"), "8 or more letters and digits"),
    (re.compile(r".*_GOMEMLIMIT"), re.compile(r"\d{2,6}[MG]iB"), "such as 150MiB"),
    (re.compile(r".*_MEMORY"), re.compile(r"\d{2,6}[mM]|\d{1,3}[gG]"), "such as 448m or 2g"),
    (re.compile(r"JAVA_HEAP_PERCENT"), re.compile(r"[1-9]\d"), "such as 50"),
    (re.compile(r".*_CORES"), re.compile(r"[1-9]\d{0,2}"), "such as 2"),
    (re.compile(r".*_PORT"), re.compile(r"[1-9]\d{0,4}"), "such as 9092"),
    (re.compile(r"SHOPLAB_TRIGGER"), re.compile(r"[1-9]\d{0,4}(ms|s)"), "such as 10s or 500ms"),
    (re.compile(r"SHOPLAB_(LEARN\w*|REFIT)"), re.compile(r"true|false"), "true or false"),
    (re.compile(r"SHOPLAB_SIZE"), re.compile(r"small|standard"), "small or standard"),
)


def read(settings: Settings) -> dict[str, str]:
    """Key -> value. LabError names the first line that makes no sense."""
    file = env_file(settings.home)
    values: dict[str, str] = {}
    if not file.is_file():
        return values
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            key, value = _parse(line.strip(), f"{file.name} line {number}")
            values[key] = value
    return values


def _parse(line: str, place: str) -> tuple[str, str]:
    """One line's key and value. The line itself may hold a secret: it is never shown."""
    found = _LINE.fullmatch(line)
    if not found:
        raise LabError(f"{place} is not KEY=VALUE; correct or delete that line")
    key, value = found[1], found[2].strip().strip("\"'")
    if key not in known_keys():
        raise LabError(f"{place}: nothing reads {key}; correct or delete that line (docs/docker.md lists the keys)")
    for keys, shape, example in _SHAPES:
        if value and keys.fullmatch(key) and not shape.fullmatch(value):
            raise LabError(f"{place}: {key} must be {example}; correct that line, or delete it for the default")
    return key, value


@cache
def known_keys() -> frozenset[str]:
    """What docker-compose.yml and the settings read."""
    compose = (REPO / "docker-compose.yml").read_text(encoding="utf-8")
    fields = {f"SHOPLAB_{name.upper()}" for name in Settings.__dataclass_fields__}
    return frozenset(re.findall(r"\$\{(\w+)", compose)) | set(SECRETS) | fields | {"SHOPLAB_SIZE"}


def write(settings: Settings, values: dict[str, str]) -> None:
    """Sets some values and keeps all other lines; whole or not at all, readable by its owner only."""
    file = env_file(settings.home)
    old = file.read_text(encoding="utf-8").splitlines() if file.is_file() else [HEAD]
    kept = [line for line in old if line.split("=", 1)[0].removeprefix("export ").strip() not in values]
    text = "\n".join([*kept, *(f"{key}={value}" for key, value in values.items())]) + "\n"
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return
    partial = file.with_name(f".env.{os.getpid()}")
    partial.touch(0o600)
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)
