"""Files on the lab's own HDFS."""

from typing import Any

import pytest
from hdfs.util import HdfsError
from pyspark.sql import SparkSession

from shoplab.core.errors import LabError, ServiceError
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


def test_of_several_who_create_a_file_one_succeeds_and_what_was_begun_is_no_file(
    lab: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, folder = Storage(lab), "/tmp/created"
    does = storage.client.write

    def dies(*arguments: Any, **options: Any) -> None:
        does(*arguments, **options)
        raise HdfsError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(storage.client, "write", dies)
        with pytest.raises(LabError):
            storage.create_json(f"{folder}/holder", {"pid": 1})
    assert storage.names(folder) == []
    assert [storage.create_json(f"{folder}/holder", {"pid": pid}) for pid in (2, 3)] == [True, False]
    assert (storage.names(folder), storage.read_json(f"{folder}/holder")) == (["holder"], {"pid": 2})
    storage.delete(folder)


def test_safe_mode_is_a_missing_service_with_a_way_out(lab: Settings, spark: SparkSession) -> None:
    java = spark._jvm.org.apache.hadoop  # type: ignore[union-attr]
    configuration = spark._jsc.hadoopConfiguration()
    files = java.fs.FileSystem.get(java.fs.Path(lab.hdfs).toUri(), configuration)
    modes = java.fs.SafeModeAction
    files.setSafeMode(modes.ENTER)
    try:
        with pytest.raises(ServiceError, match=r"safe mode .* ./lab down, then ./lab up"):
            Storage(lab).write("/tmp/safe", b"1")
    finally:
        files.setSafeMode(modes.LEAVE)
    Storage(lab).write("/tmp/safe", b"1")
    Storage(lab).delete("/tmp/safe")


def test_the_bytes_below_a_folder(lab: Settings) -> None:
    storage, folder = Storage(lab), "/tmp/bytes"
    storage.write(f"{folder}/a/one", b"123")
    storage.write(f"{folder}/two", b"4567")
    assert (storage.bytes_below(folder), storage.bytes_below(f"{folder}/none")) == (7, 0)
    storage.delete(folder)
