"""Numba for the recommender: kernels that are compiled once per machine and version of their code."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from shoplab.core.settings import CACHE

_ROOM = Path(__file__).parent
_PACKAGE = _ROOM.parent


def _name_of(files: Iterable[Path]) -> str:
    """Another code, another name."""
    code = blake2b(digest_size=8)
    for file in sorted(files):
        code.update(file.read_bytes())
    return code.hexdigest()


# What kernels and bundles are made by
CODE = _name_of([*_ROOM.glob("*.py"), *_ROOM.glob("fast/*.py"), *_ROOM.glob("sources/*.py")])


def _folder() -> str:
    """Of the compiled kernels. Numba looks at a function's own file only to see whether it is stale, but constants of
    the sources are compiled into kernels too: so the code of all of them names the folder.
    """
    folder = Path(os.environ.get("SHOPLAB_CACHE", CACHE)) / "kernels" / CODE
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.access(folder, os.W_OK):
        return str(folder)
    own = tempfile.mkdtemp(prefix="shoplab-kernels-")  # in a container: what its image brought, and room for more
    if folder.is_dir():
        shutil.copytree(folder, own, dirs_exist_ok=True, copy_function=shutil.copyfile)
    return own


os.environ.setdefault("NUMBA_CACHE_DIR", _folder())  # before Numba is imported: it looks only then

from numba import config, njit  # noqa: E402
from numba.core.caching import CacheImpl, UserProvidedCacheLocator  # noqa: E402


class ByCode(UserProvidedCacheLocator):
    """A folder for the kernels of each of ours, named by its files' content: the same for every checkout of that code,
    where Numba's own goes by the path.
    """

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Any:
        """None for a kernel of others, in a notebook for example: its place is where Numba would have it."""
        ours = Path(py_file).is_relative_to(_PACKAGE)
        return super().from_function(py_func, py_file) if ours else None  # type: ignore[no-untyped-call]

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        return _subfolder(Path(py_file).parent)


@cache
def _subfolder(room: Path) -> str:
    return f"{room.relative_to(_PACKAGE).as_posix().replace('/', '-')}-{_name_of(room.glob('*.py'))}"


_PLACES = [f"{__name__}.{ByCode.__name__}", *(place.__name__ for place in CacheImpl._locator_classes)]
config.CACHE_LOCATOR_CLASSES = ",".join(_PLACES)  # type: ignore[attr-defined]

_KEPT = Path(__file__).exists()  # not where the package is a zip file, as spark-submit ships it
compiled = njit(cache=_KEPT, nogil=True, error_model="numpy")
compiled_loose = njit(cache=_KEPT, nogil=True, error_model="numpy", fastmath=True)  # sums in any order: SIMD
