import datetime as dt
from pathlib import Path

import pytest

from shoplab.core.errors import LabError
from shoplab.events.commands import ingest
from shoplab.lab.docker.submit import command_line
from shoplab.segments.commands import segment


def test_files_are_mounted_under_their_own_names(tmp_path: Path) -> None:
    october, november = tmp_path / "a" / "events.csv", tmp_path / "b" / "events.csv"
    for file in (october, november):
        file.parent.mkdir()
        file.touch()
    words, mounts = command_line(ingest, {"files": (october, november), "mapping": "taobao", "max_rejected": 0.1})
    assert words == ["/input/0/events.csv", "/input/1/events.csv", "--map", "taobao", "--max-rejected", "0.1"]
    assert mounts == {str(october): "/input/0/events.csv", str(november): "/input/1/events.csv"}


def test_a_map_in_a_file_goes_along(tmp_path: Path) -> None:
    shop = tmp_path / "shop.yaml"
    shop.touch()
    words, mounts = command_line(ingest, {"files": (), "mapping": str(shop)})
    assert words == ["--map", "/input/0/shop.yaml"]
    assert mounts == {str(shop): "/input/0/shop.yaml"}


def test_options_that_were_not_given_are_left_out() -> None:
    options = {"k": None, "as_of": dt.datetime(2019, 11, 30), "engine": "auto", "out": None}
    assert command_line(segment, options) == (["--as-of", "2019-11-30", "--engine", "auto"], {})


def test_a_file_that_the_container_cannot_read_is_refused(tmp_path: Path) -> None:
    private = tmp_path / "private.csv"
    private.touch(0o600)
    with pytest.raises(LabError, match=r"chmod o\+r"):
        command_line(ingest, {"files": (private,)})
