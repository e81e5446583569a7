"""Files on the lab's own HDFS."""

from typing import Any

import pytest
from hdfs.util import HdfsError

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings
from shoplab.core.storage import Storage


def test_a_file_is_listed_when_it_is_whole(lab: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that ends between the write and the rename leaves nothing that a reader of the folder would take."""
    storage, folder = Storage(lab), "/tmp/listed"
    storage.write(f"{folder}/whole.json", b"1")

    def ends(*_: Any, **__: Any) -> None:
        raise HdfsError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(storage.client, "_rename", ends)
        with pytest.raises(LabError):
            storage.write(f"{folder}/cut.json", b"2")
    assert storage.client.status(f"{folder}/.cut.json.partial")["length"] == 1
    assert storage.names(folder) == ["whole.json"]
    assert storage.walk(folder) == [f"{folder}/whole.json"]
    storage.write(f"{folder}/cut.json", b"3")
    assert storage.names(folder) == ["cut.json", "whole.json"]
    storage.delete(folder)
