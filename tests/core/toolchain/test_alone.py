"""Two processes that fetch the same."""

import subprocess
import sys
from pathlib import Path

import pytest

from shoplab.core.settings import REPO
from shoplab.core.toolchain.alone import alone

OTHER = """
import sys
from pathlib import Path
from shoplab.core.toolchain.alone import alone
with alone(Path(sys.argv[1]), "installing Java"):
    print(Path(sys.argv[1], "made").exists())
"""


def test_the_second_waits_and_says_so(tmp_path: Path) -> None:
    with alone(tmp_path / "shared", "installing Java"):
        second = subprocess.Popen(
            [sys.executable, "-c", OTHER, str(tmp_path / "shared")],
            env={"PYTHONPATH": str(REPO / "apps")}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert second.stderr is not None
        assert second.stderr.readline() == "lab: another process is installing Java; waiting for it\n"
        (tmp_path / "shared" / "made").touch()
    assert second.communicate(timeout=30)[0] == "True\n"


def test_a_fault_lets_the_next_one_in(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), alone(tmp_path, "fetching"):
        _ = 1 / 0
    with alone(tmp_path, "fetching"):
        pass
