"""What a build stage copies of the lab's own code is enough for what it runs."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from shoplab.core.settings import REPO


def test_the_jars_stage_has_all_that_fetching_jars_imports(tmp_path: Path) -> None:
    dockerfile = (REPO / "images" / "Dockerfile").read_text().replace("\\\n", "")
    [stage] = re.findall(r"^FROM wheels AS jars\n(.*?)^FROM", dockerfile, re.MULTILINE | re.DOTALL)
    for line in re.findall(r"^COPY (apps/.*)$", stage, re.MULTILINE):
        *sources, folder = line.split()
        target = tmp_path / folder.removeprefix("/opt/shoplab/")
        target.mkdir(parents=True, exist_ok=True)
        for source in map(REPO.joinpath, sources):
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)
    found = subprocess.run([sys.executable, "-c", "import shoplab.core.toolchain.jars as jars; print(jars.__file__)"],
                           env={"PYTHONPATH": str(tmp_path / "apps")}, cwd=tmp_path, capture_output=True, text=True,
                           check=False)  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith(str(tmp_path))
