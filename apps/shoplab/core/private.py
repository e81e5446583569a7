"""What the lab keeps is its user's alone: folders 0700, files 0600. A file that the user named is as other files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoplab.core.errors import LabError

MASK = 0o077
_callers: int | None = None  # the umask before ours


def keep_private() -> None:
    """From now on whatever this process and its children write is the user's alone."""
    global _callers
    _callers = os.umask(MASK)


@contextmanager
def of_caller(umask: int) -> Iterator[None]:
    """For the time of a block the caller's umask is this, -1 for as it is: of a user whom this process works for."""
    global _callers
    before, _callers = _callers, None if umask < 0 else umask
    try:
        yield
    finally:
        _callers = before


def callers_umask() -> int:
    """For programs that a user runs by us; -1, which changes nothing, where ours is the caller's."""
    return -1 if _callers is None else _callers


def give(path: Path) -> None:
    """Makes a file that the user named as readable as the user's other new files are."""
    if _callers is not None:
        path.chmod(0o666 & ~_callers)


def write_new(path: Path, content: bytes, else_: str) -> None:
    """Writes a file that the user named. LabError where it is there already, with what to do else, or can't be."""
    try:
        with path.open("xb") as writer:
            writer.write(content)
    except FileExistsError:
        raise LabError(f"{path} is there already; {else_}") from None
    except OSError as error:
        raise LabError(f"{path} can't be written: {error.strerror}") from None
    give(path)


def mend(*places: Path) -> None:
    """Takes away what an earlier version, or another program, left for others to read."""
    for place in places:
        for folder, _, files in os.walk(place):
            for path in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118 - of thousands
                _close(path)
        if place.is_file():
            _close(place)


def _close(path: str | Path) -> None:
    """A server may delete its files at any time; links are left as they are."""
    try:
        mode = os.stat(path, follow_symlinks=False).st_mode  # noqa: PTH116
        if mode & MASK and not os.path.islink(path):  # noqa: PTH114
            os.chmod(path, mode & 0o700)  # noqa: PTH101
    except FileNotFoundError:
        pass
