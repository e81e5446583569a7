"""Kernels are compiled once for a machine and a version of their code."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from shoplab.core.settings import REPO

_ASK = """
import numpy as np
from shoplab.streaming.hashes import _turned
_turned(np.uint64(1), 7)
print(len(_turned.stats.cache_hits), len(_turned.stats.cache_misses))
"""


def _asked(checkout: Path, cache: Path) -> str:
    """How often the kernel was found compiled, and how often not."""
    own = _elsewhere(str(checkout), cache)
    return subprocess.run([sys.executable, "-c", _ASK], env=own, check=True, capture_output=True, text=True).stdout


def _elsewhere(path: str, cache: Path) -> dict[str, str]:
    """The environment without the place that this process may have for its own kernels."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    return others | {"PYTHONPATH": path, "SHOPLAB_CACHE": str(cache)}


def test_another_checkout_of_the_same_code_compiles_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(REPO / "apps" / "shoplab", tmp_path / name / "shoplab")
    cache = tmp_path / "cache"
    assert _asked(tmp_path / "one", cache).split() == ["0", "1"]
    assert _asked(tmp_path / "two", cache).split() == ["1", "0"]
    neighbour = tmp_path / "two" / "shoplab" / "streaming" / "cut.py"  # whose constants may be compiled in
    neighbour.write_text(f"{neighbour.read_text()}\n# another one\n")
    assert _asked(tmp_path / "two", cache).split() == ["0", "1"]
    assert _asked(tmp_path / "one", cache).split() == ["1", "0"]


def test_kernels_of_others_are_kept_as_numba_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text(
        "import shoplab.recommend.compiled\nfrom numba import njit\n\n"
        "@njit(cache=True)\ndef twice(x):\n    return 2 * x\n"
    )
    ask = "from theirs import twice; print(twice(21), twice.stats.cache_path)"
    own = _elsewhere(f"{REPO / 'apps'}:{tmp_path}", tmp_path / "cache")
    done = subprocess.run([sys.executable, "-c", ask], env=own, check=True, capture_output=True, text=True)
    answer, place = done.stdout.split()
    assert (answer, Path(place).is_dir()) == ("42", True)
