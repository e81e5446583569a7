"""The bundle's checksums: a file in the form of `sha256sum`, so that `sha256sum -c SHA256SUMS` checks it as well.

They tell a bundle that was damaged on its way. Whoever can write into the bundle can write them anew.
"""

import hashlib
from pathlib import Path

from shoplab.core.errors import LabError

NAME = "SHA256SUMS"
_AGAIN = "copy and unpack the bundle again, or make a new one: ./lab bundle"


def write(folder: Path) -> None:
    """Of every file below the folder."""
    lines = [f"{_sum(folder / name)}  {name}\n" for name in _names(folder)]
    (folder / NAME).write_text("".join(lines), encoding="utf-8")


def check(folder: Path) -> None:
    """LabError for the first file that is not as it was when the bundle was made, that is missing or was added."""
    listed = _listed(folder)
    there = set(_names(folder))
    for name in sorted(listed.keys() | there):
        if name not in listed:
            raise LabError(f"{folder / name} is not of this bundle: it is not in {NAME}; delete it, or {_AGAIN}")
        if name not in there:
            raise LabError(f"{folder / name} is missing; {_AGAIN}")
        if _sum(folder / name) != listed[name]:
            raise LabError(f"{folder / name} is damaged: its checksum is not the one in {NAME}; {_AGAIN}")


def _listed(folder: Path) -> dict[str, str]:
    """Name -> checksum."""
    try:
        lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
        return {name: checksum for checksum, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError):
        raise LabError(f"{folder / NAME} is missing or damaged; {_AGAIN}") from None


def _names(folder: Path) -> list[str]:
    """Hidden files are a file manager's own."""
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("[!.]*") if path.is_file())
    return sorted(name for name in files if name != NAME)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
