"""What a user names: files, folders, and what is piped in."""

import gzip
import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from shoplab.core.errors import LabError
from shoplab.events import inputs
from shoplab.events.mapping import Mapping
from tests.data import csv_file, raw_line


def test_a_folder_is_taken_whole_and_what_is_no_table_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "deep").mkdir(parents=True)
    csv_file(folder / "b.csv", raw_line())
    csv_file(folder / "deep" / "a.csv", raw_line())
    csv_file(folder / ".hidden.csv", raw_line())
    (folder / "README.md").write_text("# What this is\n")
    sources, left_out = inputs.inspect_all([folder, folder / "b.csv"], None)
    assert [source.path.name for source in sources] == ["b.csv", "a.csv"]
    assert len(left_out) == 1
    assert "README.md" in left_out[0]


@pytest.mark.parametrize("names", [[], ["notes.txt"]])
def test_a_folder_without_events_is_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("no table\n")
    with pytest.raises(LabError, match="has no file of events"):
        inputs.inspect_all([tmp_path], None)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("_delta_log/0.json", "of a Delta table"),
        (".hoodie/hoodie.properties", "of a Hudi table"),
        ("metadata/v1.metadata.json", "of an Iceberg table"),
    ],
)
def test_a_table_with_a_history_is_refused(tmp_path: Path, name: str, words: str) -> None:
    csv_file(tmp_path / "a.csv", raw_line())
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text("{}")
    with pytest.raises(LabError, match=words):
        inputs.inspect_all([tmp_path], None)


def test_what_is_not_finished_or_stands_in_a_loop_is_not_taken(tmp_path: Path) -> None:
    csv_file(tmp_path / "a.csv", raw_line())
    csv_file(tmp_path / "b.csv.crdownload", raw_line())
    (tmp_path / "_temporary").mkdir()
    csv_file(tmp_path / "_temporary" / "part-0.csv", raw_line())
    for name in ("one", "two"):
        (tmp_path / name).symlink_to(tmp_path)
    sources, left_out = inputs.inspect_all([tmp_path], None)
    assert [source.path.name for source in sources] == ["a.csv"]
    assert [words.split("/")[-1] for words in left_out] == ["b.csv.crdownload is a download that is not finished"]


def test_a_refused_folder_names_a_file_that_has_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / "part-0.csv").write_text("a,b\n")
    with pytest.raises(LabError, match=r"part-0\.csv has no column"):
        inputs.inspect_all([tmp_path], None)


def test_a_column_in_a_folders_name_is_not_lost(tmp_path: Path) -> None:
    folder = tmp_path / "event_type=view"
    folder.mkdir()
    names, line = "event_time,product_id,user_id", "2019-10-01 00:00:00,1,7"
    (folder / "part-0.csv").write_text(f"{names}\n{line}\n")
    with pytest.raises(LabError, match=r'constants: \{event_type: "view"\}'):
        inputs.inspect_all([tmp_path], None)
    [source], _ = inputs.inspect_all([folder], Mapping(constants={"event_type": "view"}))
    assert [batch["event_type"].to_pylist() for batch in source.rows()] == [["view"]]


def test_one_bad_file_among_those_named_stops_all_before_the_first(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no such file"):
        inputs.inspect_all([csv_file(tmp_path / "a.csv", raw_line()), tmp_path / "b.csv"], None)


def test_what_is_piped_in_is_a_file_for_as_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(csv_file(tmp_path / "a.csv", raw_line()).read_bytes())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: False, buffer=io.BytesIO(packed)))
    with inputs.named([Path("-"), tmp_path / "a.csv"], tmp_path) as paths:
        sources, _ = inputs.inspect_all(paths, None)
        assert [sum(batch.num_rows for batch in source.rows()) for source in sources] == [1, 1]
    assert not paths[0].exists()


def test_a_terminal_is_no_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(LabError, match=r"zcat .* \| ./lab ingest -"), inputs.named([Path("-")], tmp_path):
        pass
