"""The notebooks run, on tables that the jobs have made; their outputs are not kept in the repository."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from shoplab.core.settings import REPO, Settings, as_environment

NOTEBOOKS = sorted((REPO / "apps/notebooks").glob("*.ipynb"))


def run(path: Path, settings: Settings) -> str:
    """Everything the notebook's cells print or show as text, and the kinds of what they show."""
    notebook = nbformat.read(path, as_version=4)
    places = {"SHOPLAB_DATA_ROOT": settings.data_root, "PYTHONPATH": str(REPO / "apps")}
    environment = as_environment(settings) | places
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute(env=environment)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "\n".join(str(output.get("text", output.get("data", ""))) for output in outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path: Path, analysed: Settings) -> None:
    shown = run(path, analysed)
    assert "purchase" in shown
    assert "image/png" in shown
    if path.stem == "behaviour-and-segments":
        assert "silhouette" in path.read_text(encoding="utf-8")
        assert "2019-10, 2019-11" in shown  # months of users
        assert "adjusted Rand index" in shown
        assert "not estimated" not in shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert [cell.id for cell in cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)] == []
