"""What the lab writes is its user's alone; what the user named is as readable as any other file."""

import os
import subprocess
import sys
from pathlib import Path

from shoplab.core import private
from shoplab.core.settings import REPO

_PROGRAM = """
import sys
from pathlib import Path
import subprocess
from shoplab.core.private import callers_umask, give, keep_private
keep_private()
subprocess.run(["touch", Path(sys.argv[1]) / "run"], umask=callers_umask())
for name in ("kept", "named"):
    (Path(sys.argv[1]) / name).touch()
give(Path(sys.argv[1]) / "named")
"""


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(path.lstat().st_mode & 0o777) for path in (folder, *folder.rglob("*"))}


def test_what_was_left_open_is_mended(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    (lab / "logs").mkdir(parents=True)
    for name in ("java", "logs/kafka.log"):
        (lab / name).touch()
    (lab / "java").chmod(0o755)
    (lab / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").touch(0o644)
    os.chmod(lab / "logs", 0o755)  # noqa: PTH101
    private.mend(lab, tmp_path / "not there")
    found = modes(lab)
    found.pop("link")
    assert found == {"lab": "0o700", "logs": "0o700", "kafka.log": "0o600", "java": "0o700"}
    assert modes(tmp_path)["elsewhere"] == "0o644"


def test_what_the_user_named_or_runs_by_us_is_as_readable_as_other_files(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(REPO / "apps")}
    subprocess.run([sys.executable, "-c", _PROGRAM, str(tmp_path)], env=environment, umask=0o022, check=True)
    found = modes(tmp_path)
    assert (found["kept"], found["named"], found["run"]) == ("0o600", "0o644", "0o644")
