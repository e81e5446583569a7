"""./lab generate"""

from pathlib import Path

from click.testing import CliRunner

from shoplab.core.errors import LabError
from shoplab.events.commands import generate


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
