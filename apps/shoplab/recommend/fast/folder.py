"""Named tuples of arrays in a folder, a file an array, to be mapped into memory by all who read them."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_type_hints

import numpy as np

_SMALL = 4096  # bytes


def write(folder: Path, parts: Any, same: Mapping[str, Path] = MappingProxyType({})) -> None:
    """A named tuple of arrays, or of such. same: name of an array -> a file that holds it already."""
    for name, array in _named(parts):
        if name in same:
            os.link(same[name], folder / f"{name}.npy")
        else:
            save(folder / f"{name}.npy", array)


def save(file: Path, array: Any) -> None:
    np.save(file, np.asarray(array, order="C"), allow_pickle=False)


def read(folder: Path, kind: Any) -> Any:
    """What `write` wrote of a tuple of that kind. OSError, EOFError, ValueError for files that are not whole."""
    return _made(folder, kind, "")


def _named(parts: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, part in zip(parts._fields, parts, strict=True):
        if hasattr(part, "_fields"):
            yield from _named(part, f"{before}{name}.")
        else:
            yield f"{before}{name}", part


def _made(folder: Path, kind: Any, before: str) -> Any:
    hints = get_type_hints(kind)
    found = [
        _made(folder, hints[name], f"{before}{name}.") if hasattr(hints[name], "_fields")
        else mapped(folder / f"{before}{name}.npy")
        for name in kind._fields
    ]  # fmt: skip
    return kind(*found)


def mapped(file: Path) -> Any:
    """Its pages are the system's, shared by all; "c": nobody here writes, and kernels take a writable array only."""
    if file.stat().st_size < _SMALL:  # one without rows can't be mapped
        return np.load(file, allow_pickle=False)
    return np.asarray(np.load(file, mmap_mode="c", allow_pickle=False))
