"""Docker's client without an engine behind it."""

import shutil
from pathlib import Path

import pytest

from shoplab.core.errors import ServiceError
from shoplab.lab.docker import compose


@pytest.mark.skipif(shutil.which("docker") is None, reason="needs Docker's client, which is not installed")
def test_an_engine_that_is_off_is_told_with_the_lab_that_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(ServiceError, match=r"does not answer; start Docker.*; without it: \./lab up --embedded"):
        compose.engine()
