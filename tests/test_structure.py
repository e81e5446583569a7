"""Rules of the code's shape that are tests: what a screen and a head can hold, and steps that only say what to do."""

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoplab.core.settings import REPO
from shoplab.recommend.sources import SOURCES
from tests.conftest import LONGEST_FIRST, WITH

APPS = REPO / "apps"
PAGE = APPS / "shoplab/serving/page"  # its styles and scripts are read as they are served: no build makes them
LONGEST_FILE, LONGEST_FUNCTION = 250, 30  # lines
# Spark does something at these. F.count, F.first and the like are columns, and only say what to do.
ACTIONS = {
    "cache", "checkpoint", "collect", "count", "first", "foreach", "foreachPartition", "getOrCreate", "head", "isEmpty",
    "localCheckpoint", "persist", "read", "show", "table", "tail", "take", "toArrow", "toLocalIterator", "toPandas",
    "unpersist", "write", "writeStream",
}  # fmt: skip
CLOCKS = {"now", "today", "current_timestamp", "current_date", "utcnow"}


def python_files() -> list[Path]:
    listed = [APPS, REPO / "tests", REPO / "loadtest", REPO / "images"]
    return sorted(path for folder in listed for path in folder.rglob("*.py"))


def step_modules() -> list[Path]:
    """Those that pyproject.toml's import contract calls steps."""
    contracts = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    [steps] = [contract for contract in contracts if contract["name"].startswith("Steps touch no")]
    return [APPS / f"{module.replace('.', '/')}.py" for module in steps["source_modules"]]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_longer_than_a_few_screens() -> None:
    files = [*python_files(), *(path for path in PAGE.rglob("*.*") if path.suffix in (".html", ".css", ".js"))]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {str(path.relative_to(REPO)): n for path, n in lengths.items() if n > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    """A function counts from its `def` to its end."""
    long = {
        f"{path.relative_to(REPO)}:{node.name}": node.end_lineno - node.lineno + 1  # type: ignore[operator]
        for path in python_files()
        for node in functions(path)
        if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION  # type: ignore[operator]
    }
    assert long == {}


def actions(function: ast.AST) -> set[str]:
    """What a function makes Spark do at once, and where it asks for the time or names the session."""
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "F"):
            found |= {node.attr} & (ACTIONS | CLOCKS | {"sparkSession"})
        elif isinstance(node, ast.Attribute):
            found |= {node.attr} & CLOCKS
    return found


@pytest.mark.parametrize("path", step_modules(), ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_steps_only_say_what_to_do(path: Path) -> None:
    """A step is DataFrame -> DataFrame. A `fit_` function looks at its rows, and returns a model."""
    acting = {node.name: actions(node) for node in functions(path) if not node.name.startswith("fit_")}
    assert {name: found for name, found in acting.items() if found} == {}


@pytest.mark.parametrize(
    "act", ["rows.first()", "rows.count()", "rows.toArrow()", "rows.persist()", "dt.date.today()", "F.current_date()"]
)
def test_an_action_is_seen(act: str) -> None:
    assert actions(ast.parse(act))
    assert not actions(ast.parse("rows.agg(F.first('a'), F.count('*'))"))


def test_serving_loads_no_spark() -> None:
    """In a process of its own: importing pyspark takes the API a second and 60 MB."""
    code = "import sys, shoplab.lab.api; print([name for name in sys.modules if name.partition('.')[0] == 'pyspark'])"
    environment = os.environ | {"PYTHONPATH": str(APPS)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_a_source_of_candidates_is_called_as_its_file() -> None:
    assert [source.__module__.rsplit(".", 1)[1] for source in SOURCES] == [
        source.name.replace(" ", "_") for source in SOURCES
    ]


def test_workers_share_out_folders_that_are_there() -> None:
    named = {*LONGEST_FIRST, *WITH, *WITH.values()}
    assert [folder for folder in named if not (REPO / "tests" / folder).is_dir()] == []
