"""./lab generate"""

from pathlib import Path

import pytest
from click.testing import CliRunner

from shoplab.core.errors import LabError
from shoplab.events.commands import generate, ingest, write_map


def test_writes_the_files_and_says_what_is_in_them(tmp_path: Path) -> None:
    out, truth = tmp_path / "oct.csv", tmp_path / "profiles.csv"
    result = CliRunner().invoke(generate, ["--events", "500", "--out", str(out), "--truth", str(truth)])
    assert result.exit_code == 0, result.output
    assert "500 events of 2019-10" in result.output
    assert len(out.read_text().splitlines()) == 501
    assert truth.read_text().startswith("user_id,profile\n")


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(generate, ["--month", "2019-99", "--events", "5", "--out", str(tmp_path / "m.csv")])
    assert isinstance(result.exception, LabError)
    assert "\n" not in str(result.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["ingest", ""], '"" names no file'),
        (["map", ""], '"" names no file'),
        (["ingest", "--max-rejected", "nan", "a"], "nan"),
    ],
)
def test_what_names_nothing_is_refused(command: list[str], words: str) -> None:
    result = CliRunner().invoke({"ingest": ingest, "map": write_map}[command[0]], command[1:])
    assert result.exit_code == 2
    assert words in result.output
