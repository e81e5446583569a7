"""What a user names: files, folders, and what is piped in."""

import gzip
import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from shoplab.core.errors import LabError
from shoplab.events import inputs
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
