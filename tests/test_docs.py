"""Rules that are tests: commands have help with an example and a line in the docs; steps touch nothing outside."""

import ast
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from shoplab.cli import COMMANDS, cli
from shoplab.settings import REPO, Settings

STEP_MODULES = [
    *(
        REPO / "apps/shoplab/behaviour" / f"{name}.py"
        for name in (
            *("sessions", "users", "products", "paths", "activity", "touches", "bought", "funnels"),
            *("habits", "cohorts", "trends", "distributions", "tables"),
        )
    ),
    *(REPO / "apps/shoplab/ingest" / f"{name}.py" for name in ("clean",)),
    *(REPO / "apps/shoplab/segments" / f"{name}.py" for name in ("history", "rfm", "names")),
    *(REPO / "apps/shoplab/recommend" / f"{name}.py" for name in ("interactions",)),
    REPO / "apps/shoplab/streaming/live.py",
]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_and_a_line_in_the_docs(name: str) -> None:
    shown = CliRunner().invoke(cli, [name, "--help"])
    assert shown.exit_code == 0
    assert "Example" in shown.output or "Commands:" in shown.output
    assert f"./lab {name}" in (REPO / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_in_the_docs() -> None:
    text = (REPO / "docs/operations.md").read_text(encoding="utf-8")
    assert [name for name in Settings.__dataclass_fields__ if f"SHOPLAB_{name.upper()}" not in text] == []


@pytest.mark.parametrize("path", STEP_MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_steps_have_no_session_clock_or_action(path: Path) -> None:
    """A step is DataFrame -> DataFrame: nothing in it reads, writes, collects or asks for the time."""
    forbidden = {
        "getOrCreate",
        "collect",
        "toPandas",
        "count_rows",
        "write",
        "read",
        "now",
        "today",
        "current_timestamp",
    }
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    used = {func.attr for func in calls if isinstance(func, ast.Attribute)}
    assert used & forbidden == set()


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
