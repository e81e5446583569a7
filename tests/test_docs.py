"""Rules that are tests: commands have help and a line in the docs, settings too, and links lead somewhere."""

import re

import click
import pytest
from click.testing import CliRunner

from shoplab.cli import COMMANDS, cli
from shoplab.core.settings import REPO, Settings


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_and_a_line_in_the_docs(name: str) -> None:
    shown = CliRunner().invoke(cli, [name, "--help"])
    assert shown.exit_code == 0
    assert "Example" in shown.output or "Commands:" in shown.output
    assert f"./lab {name}" in (REPO / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_in_the_docs() -> None:
    text = (REPO / "docs/operations.md").read_text(encoding="utf-8")
    assert [name for name in Settings.__dataclass_fields__ if f"SHOPLAB_{name.upper()}" not in text] == []


def test_links_in_the_docs_lead_somewhere() -> None:
    broken = []
    for page in [REPO / "README.md", REPO / "CHANGELOG.md", *(REPO / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []


def test_an_unknown_command_is_refused_in_a_few_words() -> None:
    result = CliRunner().invoke(cli, ["nosuch"])
    assert result.exit_code == 2
    assert "No such command" in result.output
    assert isinstance(cli, click.Group)
