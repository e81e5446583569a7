"""What a container's limit says, in both versions of cgroups."""

from pathlib import Path

import psutil
import pytest

from shoplab.core import memory


@pytest.mark.parametrize(("said", "mib"), [("402653184\n", 384), ("max\n", None), ("9223372036854771712\n", None)])
def test_the_room_is_the_containers_or_the_machines(
    said: str, mib: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "limit").write_text(said)
    for limits in ((tmp_path / "limit", tmp_path / "none"), (tmp_path / "none", tmp_path / "limit")):
        monkeypatch.setattr(memory, "_OF_CONTAINER", limits)
        assert memory.room_mib() == (mib or psutil.virtual_memory().total >> 20)
